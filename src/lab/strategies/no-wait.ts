import { sqlState, sqlStateOf } from '../../database/sqlstate.ts';
import { inOneOrder, Refused, type Strategy } from '../strategy.ts';

/** The same locks, but no caller waits for one. */
export const noWait: Strategy = {
  name: 'no-wait',
  title: 'noWait()',
  summary:
    'A caller that finds a row locked fails at once (55P03), and is answered 409 "try again in a moment". No queue.',

  change(knex, { rows, think, decide }) {
    return orTryAgain(
      knex.transaction(async (trx) => {
        const read = [];
        for (const { table, id } of inOneOrder(rows)) {
          read.push(await trx(table).where({ id }).forUpdate().noWait().first());
        }
        await think();
        for (const { table, id, ...values } of decide(read)) await trx(table).where({ id }).update(values);
      }),
    );
  },

  getOrCreate(knex, { shopId, name, think }) {
    return orTryAgain(
      knex.transaction(async (trx) => {
        await trx('shops').where({ id: shopId }).forUpdate().noWait().first();
        const found = await trx('customers').where({ shop_id: shopId, name }).first();
        if (found) return found.id;
        await think();
        const [created] = await trx('customers').insert({ shop_id: shopId, name }).returning('id');
        return created.id;
      }),
    );
  },

  claim(knex, { worker, think }) {
    return orTryAgain(
      knex.transaction(async (trx) => {
        const task = await trx('tasks').whereNull('done_by').orderBy('id').forUpdate().noWait().first();
        if (!task) return undefined;
        await think();
        await trx('tasks').where({ id: task.id }).update({ done_by: worker });
        return task.id;
      }),
    );
  },
};

function orTryAgain<Result>(request: Promise<Result>): Promise<Result> {
  return request.catch((error) => {
    if (sqlStateOf(error) !== sqlState.lockNotAvailable) throw error;
    throw new Refused(409, 'try again in a moment', { cause: error });
  });
}
