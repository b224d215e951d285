import type { Knex } from 'knex';

/** How many an account has that are not finished is counted under its lock; those that are finished grow without end. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index standing_orders_unfinished on standing_orders (ledger_id, account_id) where finished_at is null`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index standing_orders_unfinished');
}
