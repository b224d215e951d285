import type { Strategy } from '../strategy.ts';

/** BEGIN and COMMIT around the same statements. READ COMMITTED lets others read what we are about to change. */
export const transaction: Strategy = {
  name: 'transaction',
  title: 'A transaction around each request',
  summary:
    'All or nothing, if it fails in the middle. Against others it helps nothing: both read, and the last one wins.',

  change(knex, { rows, think, decide }) {
    return knex.transaction(async (trx) => {
      const read = [];
      for (const { table, id } of rows) read.push(await trx(table).where({ id }).first());
      await think();
      for (const { table, id, ...values } of decide(read)) await trx(table).where({ id }).update(values);
    });
  },

  getOrCreate(knex, { shopId, name, think }) {
    return knex.transaction(async (trx) => {
      const found = await trx('customers').where({ shop_id: shopId, name }).first();
      if (found) return found.id;
      await think();
      const [created] = await trx('customers').insert({ shop_id: shopId, name }).returning('id');
      return created.id;
    });
  },

  claim(knex, { worker, think }) {
    return knex.transaction(async (trx) => {
      const task = await trx('tasks').whereNull('done_by').orderBy('id').first();
      if (!task) return undefined;
      await think();
      await trx('tasks').where({ id: task.id }).update({ done_by: worker });
      return task.id;
    });
  },
};
