import type { Knex } from 'knex';

/**
 * Transactions are found by the caller's own id, by when they were booked, by their reference, and by a text in their
 * metadata. Only the time costs every movement something; the others cost those that have them (docs/adr/0027). A
 * payment order has its external id from when it is made, so that nothing else takes it while signatures are missing.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table transactions add column external_id text');
  await knex.raw('alter table payment_orders add column external_id text');
  await knex.raw(`
    create unique index transactions_external_id_unique on transactions (ledger_id, external_id)
      where external_id is not null`);
  await knex.raw(`
    create unique index payment_orders_external_id_unique on payment_orders (ledger_id, external_id)
      where external_id is not null`);
  // What is booked in one millisecond is little enough to be sorted by id when it is read.
  await knex.raw('create index transactions_by_booking on transactions (ledger_id, booked_at)');
  await knex.raw(`
    create index transactions_by_reference on transactions (ledger_id, reference, booked_at)
      where reference is not null`);

  await knex.raw('create index parties_by_name on parties (ledger_id, (lower(name) collate "C"), id)');
  await knex.raw('create index accounts_by_name on accounts (ledger_id, (lower(name) collate "C"), id)');
  // What a party holds, in the order in which accounts are listed.
  await knex.raw('create index holders_of_party on holders (ledger_id, party_id, account_id)');
  await knex.raw('drop index holders_by_party');

  // What waits for signatures, of an account or of all that a party holds.
  await knex.raw(`
    create index payment_orders_waiting on payment_orders (ledger_id, account_id, id) where status = 'waiting'`);
  await knex.raw(`
    create index standing_orders_waiting_of_account on standing_orders (ledger_id, account_id, id)
      where status = 'waiting'`);
  await knex.raw(`
    create index account_changes_waiting_of_account on account_changes (ledger_id, account_id, id)
      where status = 'waiting'`);

  // A text can be longer than what an index takes: the term stands for key and text (src/ledger/metadata-term.ts).
  await knex.raw(`
    create table transaction_metadata (
      ledger_id uuid not null,
      term uuid not null,
      booked_at timestamptz(3) not null,
      transaction_id uuid not null,
      constraint transaction_metadata_pkey primary key (ledger_id, term, booked_at, transaction_id)
    )`);
  await knex.raw(`
    create trigger transaction_metadata_only_ever_inserted before update or delete or truncate on transaction_metadata
      for each statement execute function refuse_change()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table transaction_metadata');
  await knex.raw(`
    drop index account_changes_waiting_of_account, standing_orders_waiting_of_account, payment_orders_waiting`);
  await knex.raw('create index holders_by_party on holders (ledger_id, party_id)');
  await knex.raw('drop index holders_of_party, accounts_by_name, parties_by_name');
  await knex.raw(`
    drop index transactions_by_reference, transactions_by_booking, payment_orders_external_id_unique,
      transactions_external_id_unique`);
  await knex.raw('alter table payment_orders drop column external_id');
  await knex.raw('alter table transactions drop column external_id');
}
