import type { Knex } from 'knex';

/**
 * A transaction may be taken back in several parts, so several transactions come out of the same one. What the unique
 * key no longer says, the lock does: a reversal has the accounts of the transaction to itself, and should two ever be
 * decided on the same state, both would book the same version of an account, which `entries_version_unique` refuses.
 *
 * Books go on being read meanwhile. The key that these take the place of goes in the next migration: its removal waits
 * for readers, who must not wait behind the building of these.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create unique index transactions_of_single_origin_once on transactions (ledger_id, origin_id)
      where origin not in ('hold', 'reversal')`);
  await knex.raw(`
    create index transactions_of_reversed on transactions (ledger_id, origin_id) where origin = 'reversal'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index transactions_of_reversed, transactions_of_single_origin_once');
}
