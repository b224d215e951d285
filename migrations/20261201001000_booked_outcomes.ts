import type { Knex } from 'knex';

/**
 * What was booked is in the journal: an idempotency key names its transaction instead of having a copy of the answer
 * (docs/adr/0035). The transaction has the revision of the account that the answer's entity tag speaks of.
 *
 * Keys are hardly ever updated any more, so their pages need no room for it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table idempotency_keys add column transaction_id uuid');
  await knex.raw('alter table idempotency_keys reset (fillfactor)');
  await knex.raw('alter table transactions add column revision bigint');
}

/** Refused while there are keys of which only this version knows the answers. */
export async function down(knex: Knex): Promise<void> {
  const unknown = await knex('idempotency_keys').whereNull('outcome').limit(1);
  if (unknown.length > 0) throw new Error('there are idempotency keys whose answers are in the journal alone');
  await knex.raw('alter table transactions drop column revision');
  await knex.raw('alter table idempotency_keys set (fillfactor = 50)');
  await knex.raw('alter table idempotency_keys drop column transaction_id');
}
