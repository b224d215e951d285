import type { Knex } from 'knex';

const rules = {
  transactions_type_known: "type in ('deposit', 'withdrawal', 'transfer', 'multi_leg')",
  transactions_amount_with_currency: '(amount is null) = (currency is null)',
  transactions_only_multi_leg_without_amount: "amount is not null or type = 'multi_leg'",
};

/** Reads all transactions, while others go on reading and booking. */
export async function up(knex: Knex): Promise<void> {
  for (const name of Object.keys(rules)) await knex.raw(`alter table transactions validate constraint ${name}`);
}

export async function down(knex: Knex): Promise<void> {
  for (const [name, rule] of Object.entries(rules)) {
    await knex.raw(`
      alter table transactions drop constraint ${name}, add constraint ${name} check (${rule}) not valid`);
  }
}
