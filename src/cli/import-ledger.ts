import type { Knex } from 'knex';
import type { Database } from '../database/create-database.ts';
import { serverMessage } from '../database/server-message.ts';
import { sqlStateOf } from '../database/sqlstate.ts';
import { OperatorError } from '../errors/operator-error.ts';
import type { CommandTerminal } from './ledger-command.ts';
import { countRows, type FileEnd, type FileHead } from './ledger-file.ts';
import { type FilePart, readLedgerFile } from './read-ledger-file.ts';
import { lastMigration, readTableShapes, type TableShape } from './table-shapes.ts';

/** A ledger that was imported. */
export interface ImportedLedger {
  readonly ledgerId: string;
  readonly end: FileEnd;
}

/**
 * Writes a ledger from its file, all of it in one transaction or nothing. The file is read twice, so that it is known
 * to be whole before anything is written. Throws OperatorError when it is not, when the schema is another, when there
 * is such a ledger already, and when rows do not fit their tables.
 */
export async function importLedger(
  database: Database,
  file: string,
  progress: CommandTerminal['progress'],
): Promise<ImportedLedger> {
  const { head, end } = await checkFile(file);
  const total = countRows(end);
  await database.transaction(async (knex) => {
    await requireRoom(knex, head);
    const tables = await readTableShapes(knex);
    const parts = readLedgerFile(file);
    let done = 0;
    for (let next = await parts.next(); ; next = await parts.next()) {
      if (next.done) break;
      progress(done, total, next.value.table);
      await insertPart(knex, shapeOf(tables, next.value), next.value);
      done += next.value.rows.length;
    }
  });
  progress(total, total, '');
  return { ledgerId: head.ledgerId, end };
}

async function checkFile(file: string): Promise<{ head: FileHead; end: FileEnd }> {
  const parts = readLedgerFile(file);
  let head: FileHead | undefined;
  for (;;) {
    const { done, value } = await parts.next();
    if (!done) head = value.head;
    else if (head === undefined) throw new OperatorError(`${file} has no rows. Nothing was imported.`);
    else return { head, end: value };
  }
}

async function requireRoom(knex: Knex.Transaction, { schema, ledgerId }: FileHead): Promise<void> {
  const ours = await lastMigration(knex);
  if (schema !== ours) {
    const way = 'Import it with the version that exported it, then migrate.';
    throw new OperatorError(`The file is of the schema ${schema}, the database of ${ours}. ${way}`);
  }
  const found = await knex('ledgers').where('id', ledgerId).pluck('id');
  if (found.length > 0) throw new OperatorError(`There is a ledger ${ledgerId} already. Nothing was imported.`);
}

function shapeOf(tables: readonly TableShape[], { table, columns }: FilePart): TableShape {
  const shape = tables.find(({ name }) => name === table);
  const isSame = shape?.columns.map(({ name }) => name).join() === columns.join();
  if (shape !== undefined && isSame) return shape;
  throw new OperatorError(`The file's table ${table} is not as the database has it. Nothing was imported.`);
}

/** Types come from the database, values from the file: each is what PostgreSQL wrote for it. */
async function insertPart(
  knex: Knex.Transaction,
  { name, ledgerColumn, columns }: TableShape,
  { head, rows, line }: FilePart,
): Promise<void> {
  const names = columns.map((column) => column.name);
  const values = columns.map(({ type }, index) => `(r.value->>${index})::${type}`);
  try {
    await knex.raw(
      `insert into ?? (??, ${names.map(() => '??').join(', ')})
       select ?::uuid, ${values.join(', ')} from jsonb_array_elements(?::jsonb) as r`,
      [name, ledgerColumn, ...names, head.ledgerId, `[${rows.join(',')}]`],
    );
  } catch (error) {
    // Classes 22 and 23 are values that don't fit (PostgreSQL manual, appendix A).
    if (!/^2[23]/.test(sqlStateOf(error) ?? '')) throw error;
    const sentence = `From line ${line} on the file has rows that do not fit the table ${name}`;
    throw new OperatorError(`${sentence} (${serverMessage(error as Error)}). Nothing was imported.`, { cause: error });
  }
}
