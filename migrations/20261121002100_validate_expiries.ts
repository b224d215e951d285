import type { Knex } from 'knex';

const rules = {
  holders_status_known: "status in ('invited', 'active', 'declined', 'left', 'removed', 'deceased', 'expired')",
  projects_status_known: "status in ('open', 'assigned', 'closed', 'expired')",
  projects_assigned_in_time: "status <> 'assigned' or finished_at < expires_at",
};

/** Reads all holders and projects, while others go on reading and writing. */
export async function up(knex: Knex): Promise<void> {
  for (const name of Object.keys(rules)) await knex.raw(`alter table ${tableOf(name)} validate constraint ${name}`);
}

export async function down(knex: Knex): Promise<void> {
  for (const [name, rule] of Object.entries(rules)) {
    await knex.raw(`
      alter table ${tableOf(name)} drop constraint ${name}, add constraint ${name} check (${rule}) not valid`);
  }
}

function tableOf(constraint: string): string {
  return constraint.split('_')[0]!;
}
