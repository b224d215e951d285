import type { Strategy } from '../strategy.ts';

/** Each statement for itself, as in most programs at first. Between read and write anything can happen. */
export const nothing: Strategy = {
  name: 'nothing',
  title: 'Nothing',
  summary: 'Reads, thinks, writes back. What others committed in between is overwritten: money is lost, names double.',

  async change(knex, { rows, think, decide }) {
    const read = [];
    for (const { table, id } of rows) read.push(await knex(table).where({ id }).first());
    await think();
    for (const { table, id, ...values } of decide(read)) await knex(table).where({ id }).update(values);
  },

  async getOrCreate(knex, { shopId, name, think }) {
    const found = await knex('customers').where({ shop_id: shopId, name }).first();
    if (found) return found.id;
    await think();
    const [created] = await knex('customers').insert({ shop_id: shopId, name }).returning('id');
    return created.id;
  },

  async claim(knex, { worker, think }) {
    const task = await knex('tasks').whereNull('done_by').orderBy('id').first();
    if (!task) return undefined;
    await think();
    await knex('tasks').where({ id: task.id }).update({ done_by: worker });
    return task.id;
  },
};
