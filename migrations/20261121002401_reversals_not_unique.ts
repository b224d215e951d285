import type { Knex } from 'knex';

/**
 * Ends the key that allowed each transaction one reversal. A build that knows only one refuses a second by itself,
 * under the account locks.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('drop index transactions_of_origin_once');
}

/** Fails where a transaction has been taken back in several parts. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    create unique index transactions_of_origin_once on transactions (ledger_id, origin_id) where origin <> 'hold'`);
}
