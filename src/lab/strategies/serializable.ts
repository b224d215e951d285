import type { Strategy } from '../strategy.ts';

const isolationLevel = 'serializable';

/** As if one transaction had run after another. Where that can't be, one is refused, at COMMIT at the latest. */
export const serializable: Strategy = {
  name: 'serializable',
  title: 'SERIALIZABLE',
  summary:
    'Every rule holds, without a lock in the program. What does not fit fails with 40001, now and then without need.',

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
