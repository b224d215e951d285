import type { Knex } from 'knex';

const rules = {
  transactions_channel_known: 'transactions',
  holds_channel_known: 'holds',
  payment_orders_channel_known: 'payment_orders',
  payment_orders_hash_version_known: 'payment_orders',
  standing_orders_channel_known: 'standing_orders',
  standing_orders_hash_version_known: 'standing_orders',
  account_changes_channel_known: 'account_changes',
  authorisations_channel_known: 'authorisations',
};

/** Reads what is there, while others go on reading and booking. */
export async function up(knex: Knex): Promise<void> {
  for (const [name, table] of Object.entries(rules)) {
    await knex.raw(`alter table ${table} validate constraint ${name}`);
  }
}

/** What was found to be right stays so. */
export async function down(): Promise<void> {}
