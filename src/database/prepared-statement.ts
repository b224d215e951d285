import type { Knex } from 'knex';

/** Whether sessions keep what was planned in them; found out to be not so where a pooler changes servers under them. */
export interface PreparedStatements {
  areKept: boolean;
}

/**
 * Options that let a session plan a statement once and use it again under this name (PostgreSQL manual, PREPARE).
 * Always the same text by the same name. The statements that every movement needs are named; planning them anew took a
 * third of a lone movement's time. Nothing is named where sessions are handed round between transactions by a pooler
 * that does not follow names: because `PREPARED_STATEMENTS=off` says so, or once a name was not found.
 */
export function prepared(knex: Knex, name: string): { name?: string } {
  return (knex.userParams.preparedStatements as PreparedStatements).areKept ? { name } : {};
}
