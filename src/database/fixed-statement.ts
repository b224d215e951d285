import type { Statement } from './session.ts';

/**
 * SQL whose text is always the same, with `?` for what is bound, made ready once for the pipeline of a transaction:
 * knex would look through all of it for each group of movements.
 *
 * @example
 * const readName = fixedStatement('select name from ledgers where id = ?::uuid');
 * const { rows } = await pipeline.send({ ...readName([ledgerId]), ...prepared(knex, 'read-name') });
 */
export function fixedStatement(sql: string): (values: readonly unknown[]) => Statement {
  let count = 0;
  const text = sql.replaceAll('?', () => `$${++count}`);
  return (values) => ({ text, values });
}
