import type { Knex } from 'knex';

/** Reads all transactions, while others go on reading and booking. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table transactions validate constraint transactions_origin_known');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table transactions
      drop constraint transactions_origin_known,
      add constraint transactions_origin_known check (
        origin in ('payment_order', 'hold', 'proposal', 'reversal', 'standing_order')) not valid`);
}
