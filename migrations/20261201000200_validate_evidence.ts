import type { Knex } from 'knex';

const rules = {
  transactions_channel_known: 'transactions',
  holds_channel_known: 'holds',
  payment_orders_channel_known: 'payment_orders',
  payment_orders_hash_version_in_range: 'payment_orders',
  standing_orders_channel_known: 'standing_orders',
  standing_orders_hash_version_in_range: 'standing_orders',
  account_changes_channel_known: 'account_changes',
  authorisations_channel_known: 'authorisations',
};

/** Reads what is there, while others go on reading and booking. */
export async function up(knex: Knex): Promise<void> {
  for (const [name, table] of Object.entries(rules)) {
    await knex.raw(`alter table ${table} validate constraint ${name}`);
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const [name, table] of Object.entries(rules)) {
    const { rows } = await knex.raw('select pg_get_constraintdef(oid) as rule from pg_constraint where conname = ?', [
      name,
    ]);
    await knex.raw(`
      alter table ${table} drop constraint ${name}, add constraint ${name} ${rows[0].rule} not valid`);
  }
}
