import type { Knex } from 'knex';

/** Reads what is there, while others go on reading and booking. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table accounts validate constraint accounts_statements_known');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table accounts
      drop constraint accounts_statements_known,
      add constraint accounts_statements_known check (
        statements in ('none', 'daily', 'weekly', 'monthly', 'quarterly')) not valid`);
}
