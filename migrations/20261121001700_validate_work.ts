import type { Knex } from 'knex';

const rules = {
  transactions: {
    transactions_origin_known: "origin in ('payment_order', 'hold', 'proposal', 'reversal', 'standing_order')",
  },
  holders: {
    holders_status_known: "status in ('invited', 'active', 'declined', 'left', 'removed', 'deceased', 'expired')",
  },
  projects: { projects_status_known: "status in ('open', 'assigned', 'closed', 'expired')" },
};

/** Reads all rows, while others go on reading and booking. */
export async function up(knex: Knex): Promise<void> {
  for (const [table, constraints] of Object.entries(rules)) {
    for (const name of Object.keys(constraints)) await knex.raw(`alter table ${table} validate constraint ${name}`);
  }
}

export async function down(knex: Knex): Promise<void> {
  for (const [table, constraints] of Object.entries(rules)) {
    for (const [name, rule] of Object.entries(constraints)) {
      await knex.raw(`alter table ${table} drop constraint ${name}, add constraint ${name} check (${rule}) not valid`);
    }
  }
}
