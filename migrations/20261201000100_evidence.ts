import type { Knex } from 'knex';

/**
 * Evidence of who asked for what: the key and the channel; of what was signed, its hash with each signature. A party
 * that leaves an account and joins it again may sign again.
 */
export async function up(knex: Knex): Promise<void> {
  const channel = "channel in ('own_key', 'token', 'service')";
  const version = 'hash_version between 1 and 2';
  const columns = 'add column key_id uuid, add column channel text';
  await knex.raw(`
    alter table transactions ${columns}, add constraint transactions_channel_known check (${channel}) not valid`);
  await knex.raw(`alter table holds ${columns}, add constraint holds_channel_known check (${channel}) not valid`);
  await knex.raw(`
    alter table payment_orders ${columns}, add column hash_version smallint not null default 1,
      add constraint payment_orders_channel_known check (${channel}) not valid,
      add constraint payment_orders_hash_version_in_range check (${version}) not valid`);
  await knex.raw(`
    alter table standing_orders ${columns}, add column hash_version smallint not null default 1,
      add constraint standing_orders_channel_known check (${channel}) not valid,
      add constraint standing_orders_hash_version_in_range check (${version}) not valid`);
  await knex.raw(`
    alter table account_changes ${columns}, add constraint account_changes_channel_known check (${channel}) not valid`);
  await knex.raw(`
    alter table authorisations ${columns}, add column instruction_hash bytea,
      add constraint authorisations_channel_known check (${channel}) not valid,
      drop constraint authorisations_pkey,
      add constraint authorisations_pkey primary key (ledger_id, subject_id, party_id, created_at)`);
  await knex.raw('alter table restrictions add column lift_reason text');
  await knex.raw(`
    alter table ledgers add column signatures text not null default 'any',
      add constraint ledgers_signatures_known check (signatures in ('any', 'own'))`);
}

const asked = ['transactions', 'holds', 'payment_orders', 'standing_orders', 'account_changes', 'authorisations'];

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table ledgers drop column signatures');
  await knex.raw('alter table restrictions drop column lift_reason');
  for (const table of ['payment_orders', 'standing_orders']) {
    await knex.raw(`alter table ${table} drop column hash_version`);
  }
  await knex.raw(`
    alter table authorisations
      drop column instruction_hash,
      drop constraint authorisations_pkey,
      add constraint authorisations_pkey primary key (ledger_id, subject_id, party_id)`);
  for (const table of asked) await knex.raw(`alter table ${table} drop column key_id, drop column channel`);
}
