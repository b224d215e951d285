import { sqlStateOf } from '../../database/sqlstate.ts';
import type { Strategy } from '../strategy.ts';

/** The database refuses the second row with the name; who is refused reads the first. */
export const uniqueKey: Strategy = {
  name: 'unique-key',
  title: 'Unique key',
  summary: 'Can never double, whatever any program does. The loser waits for the winner’s COMMIT and fails with 23505.',
  constraint: 'alter table customers add constraint customers_name_unique unique (shop_id, name)',

  async getOrCreate(knex, { shopId, name, think }) {
    const find = () => knex('customers').where({ shop_id: shopId, name }).first();
    const found = await find();
    if (found) return found.id;
    await think();
    try {
      const [created] = await knex('customers').insert({ shop_id: shopId, name }).returning('id');
      return created.id;
    } catch (error) {
      if (sqlStateOf(error) !== '23505') throw error;
      return (await find()).id;
    }
  },
};
