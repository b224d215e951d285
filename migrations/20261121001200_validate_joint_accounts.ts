import type { Knex } from 'knex';

const rules = {
  accounts: { accounts_survivorship_known: "survivorship in ('survivors', 'estate')" },
  holders: {
    holders_rights_known: `rights <@ array['view', 'deposit', 'withdraw', 'transfer', 'manage', 'delegate']
                           and cardinality(rights) > 0`,
    holders_status_known: "status in ('invited', 'active', 'declined', 'left', 'removed', 'deceased')",
  },
  transactions: {
    transactions_type_known: "type in ('deposit', 'withdrawal', 'transfer', 'multi_leg', 'capture', 'reversal')",
    transactions_origin_known: "origin in ('payment_order', 'hold', 'proposal', 'reversal')",
    transactions_origin_with_id: '(origin is null) = (origin_id is null)',
    transactions_only_multi_leg_without_amount: "amount is not null or type in ('multi_leg', 'reversal')",
  },
};

/**
 * Reads all rows, while others go on reading and booking. Holders of before have joined when they were noted; accounts
 * that were closed before get an entity tag of their own.
 */
export async function up(knex: Knex): Promise<void> {
  for (const [table, constraints] of Object.entries(rules)) {
    for (const name of Object.keys(constraints)) await knex.raw(`alter table ${table} validate constraint ${name}`);
  }
  await knex.raw('update holders set joined_at = created_at where joined_at is null');
  await knex.raw("update accounts set revision = 1 where status = 'closed' and revision = 0");
}

export async function down(knex: Knex): Promise<void> {
  for (const [table, constraints] of Object.entries(rules)) {
    for (const [name, rule] of Object.entries(constraints)) {
      await knex.raw(`alter table ${table} drop constraint ${name}, add constraint ${name} check (${rule}) not valid`);
    }
  }
}
