import type { Knex } from 'knex';

/** What was booked before is found by its metadata, too. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    insert into transaction_metadata (ledger_id, term, booked_at, transaction_id)
    select distinct t.ledger_id, left(encode(sha256(convert_to(m.key || '=' || (m.value #>> '{}'), 'UTF8')), 'hex'), 32)::uuid,
           t.booked_at, t.id
    from transactions t cross join lateral jsonb_each(t.metadata) m
    where jsonb_typeof(t.metadata) = 'object' and jsonb_typeof(m.value) = 'string'`);
}

/** The table goes with the migration before. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table transaction_metadata disable trigger transaction_metadata_only_ever_inserted');
  await knex.raw('delete from transaction_metadata');
  await knex.raw('alter table transaction_metadata enable trigger transaction_metadata_only_ever_inserted');
}
