import type { Knex } from 'knex';

/**
 * What an API key may be used for, until when, and when it last was. Keys of before may do what they always could, which
 * is everything but to make other keys; a build of before makes keys like them. `made_with` is the key that made it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table api_keys
      add column scopes text[] not null default array[
        'accounts:read', 'accounts:manage', 'movements:write', 'movements:unsigned', 'approvals:write', 'holds:write',
        'standing-orders:write', 'events:read', 'webhooks:manage', 'operate'],
      add column expires_at timestamptz(3),
      add column last_used_at timestamptz(3),
      add column made_with uuid`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table api_keys
      drop column scopes,
      drop column expires_at,
      drop column last_used_at,
      drop column made_with`);
}
