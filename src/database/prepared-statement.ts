import type { Knex } from 'knex';

/**
 * Options that let a session plan a statement once and use it again under this name (PostgreSQL manual, PREPARE).
 * Always the same text by the same name. The statements that every movement needs are named; planning them anew took a
 * third of a lone movement's time. Nothing is named where sessions are handed round between transactions by a pooler
 * that does not follow names (`PREPARED_STATEMENTS=off`).
 */
export function prepared(knex: Knex, name: string): { name?: string } {
  return knex.userParams.preparedStatements === false ? {} : { name };
}
