import type { Knex } from 'knex';

/**
 * Transactions of several legs, also in several currencies: those have no one amount and no one currency; the entries
 * have them. The new rules are NOT VALID, so that no existing row is read while the table is locked; the next
 * migration reads them.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table transactions
      alter column amount drop not null,
      alter column currency drop not null,
      drop constraint transactions_type_known,
      add constraint transactions_type_known
        check (type in ('deposit', 'withdrawal', 'transfer', 'multi_leg')) not valid,
      add constraint transactions_amount_with_currency
        check ((amount is null) = (currency is null)) not valid,
      add constraint transactions_only_multi_leg_without_amount
        check (amount is not null or type = 'multi_leg') not valid`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table transactions
      alter column amount set not null,
      alter column currency set not null,
      drop constraint transactions_amount_with_currency,
      drop constraint transactions_only_multi_leg_without_amount,
      drop constraint transactions_type_known,
      add constraint transactions_type_known check (type in ('deposit', 'withdrawal', 'transfer'))`);
}
