import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table parties (
      ledger_id uuid not null,
      id uuid not null,
      external_id text,
      name text not null,
      created_at timestamptz(3) not null default clock_timestamp(),
      constraint parties_pkey primary key (ledger_id, id),
      constraint parties_external_id_unique unique (ledger_id, external_id),
      constraint parties_ledger_fkey foreign key (ledger_id) references ledgers (id)
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table parties');
}
