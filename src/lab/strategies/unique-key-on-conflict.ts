import type { Strategy } from '../strategy.ts';

/** The same key, and INSERT … ON CONFLICT DO NOTHING: who comes second inserts no row, which is no error. */
export const uniqueKeyOnConflict: Strategy = {
  name: 'unique-key-on-conflict',
  title: 'Unique key, ON CONFLICT DO NOTHING',
  summary:
    'Can never double, and nothing fails, in the middle of a transaction neither. The loser reads the winner’s row.',
  constraint: 'alter table customers add constraint customers_name_unique unique (shop_id, name)',

  async getOrCreate(knex, { shopId, name, think }) {
    const find = () => knex('customers').where({ shop_id: shopId, name }).first();
    const found = await find();
    if (found) return found.id;
    await think();
    const [created] = await knex('customers')
      .insert({ shop_id: shopId, name })
      .onConflict(['shop_id', 'name'])
      .ignore()
      .returning('id');
    return (created ?? (await find())).id;
  },
};
