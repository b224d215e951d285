import type { Knex } from 'knex';

/**
 * Under which band of its mandate a payment order waits, by its place in the mandate's version. A ceiling for a day or a
 * month can lift a movement into a stronger band than its amount alone would, so the amount does not tell. Null: the amount
 * does.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table payment_orders add column band smallint');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table payment_orders drop column band');
}
