import { inOneOrder, type Strategy } from '../strategy.ts';

/** A lock on a number that stands for what it is about. The database does not know what; all programs must agree. */
export const advisoryLock: Strategy = {
  name: 'advisory-lock',
  title: 'Advisory lock',
  summary: 'Locks what is no row yet, such as a name. Who forgets to ask for the lock is not stopped by it.',

  change(knex, { rows, think, decide }) {
    return knex.transaction(async (trx) => {
      for (const { table, id } of inOneOrder(rows)) {
        await trx.raw('select pg_advisory_xact_lock(hashtext(?))', [`${table} ${id}`]);
      }
      const read = [];
      for (const { table, id } of rows) read.push(await trx(table).where({ id }).first());
      await think();
      for (const { table, id, ...values } of decide(read)) await trx(table).where({ id }).update(values);
    });
  },

  getOrCreate(knex, { shopId, name, think }) {
    return knex.transaction(async (trx) => {
      await trx.raw('select pg_advisory_xact_lock(hashtext(?))', [`customer ${shopId} ${name}`]);
      const found = await trx('customers').where({ shop_id: shopId, name }).first();
      if (found) return found.id;
      await think();
      const [created] = await trx('customers').insert({ shop_id: shopId, name }).returning('id');
      return created.id;
    });
  },

  claim(knex, { worker, think }) {
    return knex.transaction(async (trx) => {
      await trx.raw('select pg_advisory_xact_lock(hashtext(?))', ['tasks']);
      const task = await trx('tasks').whereNull('done_by').orderBy('id').first();
      if (!task) return undefined;
      await think();
      await trx('tasks').where({ id: task.id }).update({ done_by: worker });
      return task.id;
    });
  },
};
