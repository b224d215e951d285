import { inOneOrder, type Strategy } from '../strategy.ts';

/** The whole table, for as long as the transaction lasts. Plain reads go on; all others who write wait. */
export const lockTable: Strategy = {
  name: 'lock-table',
  title: 'LOCK TABLE',
  summary:
    'Right, and the simplest to think about. But callers who want other rows wait as well: one at a time for all.',

  change(knex, { rows, think, decide }) {
    return knex.transaction(async (trx) => {
      for (const { table } of inOneOrder(rows)) await trx.raw('lock table ?? in share row exclusive mode', [table]);
      const read = [];
      for (const { table, id } of rows) read.push(await trx(table).where({ id }).first());
      await think();
      for (const { table, id, ...values } of decide(read)) await trx(table).where({ id }).update(values);
    });
  },

  getOrCreate(knex, { shopId, name, think }) {
    return knex.transaction(async (trx) => {
      await trx.raw('lock table customers in share row exclusive mode');
      const found = await trx('customers').where({ shop_id: shopId, name }).first();
      if (found) return found.id;
      await think();
      const [created] = await trx('customers').insert({ shop_id: shopId, name }).returning('id');
      return created.id;
    });
  },

  claim(knex, { worker, think }) {
    return knex.transaction(async (trx) => {
      await trx.raw('lock table tasks in share row exclusive mode');
      const task = await trx('tasks').whereNull('done_by').orderBy('id').first();
      if (!task) return undefined;
      await think();
      await trx('tasks').where({ id: task.id }).update({ done_by: worker });
      return task.id;
    });
  },
};
