import { inOneOrder, type Strategy } from '../strategy.ts';

/** SELECT … FOR UPDATE: who reads in order to write locks first, and all lock in one order. */
export const forUpdate: Strategy = {
  name: 'for-update',
  title: 'forUpdate(), by ascending id',
  summary: 'The second waits at the row and then reads what the first has written. One order for all: no deadlock.',

  change(knex, { rows, think, decide }) {
    return knex.transaction(async (trx) => {
      const read = [];
      for (const { table, id } of inOneOrder(rows)) read.push(await trx(table).where({ id }).forUpdate().first());
      await think();
      for (const { table, id, ...values } of decide(read)) await trx(table).where({ id }).update(values);
    });
  },

  getOrCreate(knex, { shopId, name, think }) {
    return knex.transaction(async (trx) => {
      // The customer is no row yet that could be locked; the shop is.
      await trx('shops').where({ id: shopId }).forUpdate().first();
      const found = await trx('customers').where({ shop_id: shopId, name }).first();
      if (found) return found.id;
      await think();
      const [created] = await trx('customers').insert({ shop_id: shopId, name }).returning('id');
      return created.id;
    });
  },

  claim(knex, { worker, think }) {
    return knex.transaction(async (trx) => {
      // All come to the same first task, and wait for it; after that each takes the next one.
      const task = await trx('tasks').whereNull('done_by').orderBy('id').forUpdate().first();
      if (!task) return undefined;
      await think();
      await trx('tasks').where({ id: task.id }).update({ done_by: worker });
      return task.id;
    });
  },
};
