import type { Knex } from 'knex';

/**
 * A ledger has a hundred places for webhook endpoints, and no two endpoints have the same one: so there are never more,
 * however many are registered at once. What was registered before takes the first places.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table webhook_endpoints
      add column slot smallint,
      add constraint webhook_endpoints_slot_in_range check (slot between 1 and 100)`);
  await knex.raw(`
    update webhook_endpoints w set slot = r.rank
    from (select ledger_id, id, row_number() over (partition by ledger_id order by id) as rank
          from webhook_endpoints where status <> 'deleted') r
    where w.ledger_id = r.ledger_id and w.id = r.id and r.rank <= 100`);
  await knex.raw(`
    create unique index webhook_endpoints_one_a_slot on webhook_endpoints (ledger_id, slot)
      where status <> 'deleted'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table webhook_endpoints drop column slot');
}
