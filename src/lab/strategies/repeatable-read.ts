import type { Strategy } from '../strategy.ts';

const isolationLevel = 'repeatable read';

/** One snapshot for the whole transaction. An UPDATE of what has changed since is refused. */
export const repeatableRead: Strategy = {
  name: 'repeatable-read',
  title: 'REPEATABLE READ',
  summary: 'No lost update: the loser fails with 40001 instead. A rule about several rows is not seen (write skew).',

  change(knex, { rows, think, decide }) {
    return knex.transaction(
      async (trx) => {
        const read = [];
        for (const { table, id } of rows) read.push(await trx(table).where({ id }).first());
        await think();
        for (const { table, id, ...values } of decide(read)) await trx(table).where({ id }).update(values);
      },
      { isolationLevel },
    );
  },

  getOrCreate(knex, { shopId, name, think }) {
    return knex.transaction(
      async (trx) => {
        const found = await trx('customers').where({ shop_id: shopId, name }).first();
        if (found) return found.id;
        await think();
        const [created] = await trx('customers').insert({ shop_id: shopId, name }).returning('id');
        return created.id;
      },
      { isolationLevel },
    );
  },

  claim(knex, { worker, think }) {
    return knex.transaction(
      async (trx) => {
        const task = await trx('tasks').whereNull('done_by').orderBy('id').first();
        if (!task) return undefined;
        await think();
        await trx('tasks').where({ id: task.id }).update({ done_by: worker });
        return task.id;
      },
      { isolationLevel },
    );
  },
};
