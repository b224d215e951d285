import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type { Database } from '../database/create-database.ts';
import { OperatorError } from '../errors/operator-error.ts';
import type { CommandTerminal } from './ledger-command.ts';
import { type FileEnd, type FileHead, partRows, partSize, type TableHead } from './ledger-file.ts';
import { lastMigration, readTableShapes, type TableShape } from './table-shapes.ts';

/** Takes a part of the file, and answers when it has room for the next. */
export type WritePart = (text: string) => Promise<void>;

/**
 * Writes a whole ledger as it is at one moment, while others go on: it locks nothing, and reads table by table through
 * cursors, ordered by primary keys, so that a ledger which has not changed is written as the same bytes again. Answers
 * the last line. Throws OperatorError where there is no such ledger.
 */
export function exportLedger(
  database: Database,
  ledgerId: string,
  { write, progress }: { write: WritePart; progress: CommandTerminal['progress'] },
): Promise<FileEnd> {
  const read = async (snapshot: Knex.Transaction) => {
    const tables = await readTableShapes(snapshot);
    const counts = await countRows(snapshot, ledgerId, tables);
    if (counts.get('ledgers') === 0) throw new OperatorError(`There is no ledger ${ledgerId}.`);
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const hash = createHash('sha256');
    const writeHashed = async (text: string) => {
      hash.update(text);
      await write(text);
    };
    const head: FileHead = { format: 'joint-ledger', version: 1, schema: await lastMigration(snapshot), ledgerId };
    await writeHashed(`${JSON.stringify(head)}\n`);
    let done = 0;
    for (const table of tables) {
      const tableHead: TableHead = { table: table.name, columns: table.columns.map(({ name }) => name) };
      await writeHashed(`${JSON.stringify(tableHead)}\n`);
      for await (const lines of readRows(snapshot, ledgerId, table)) {
        progress(done, total, table.name);
        await writeHashed(`${lines.join('\n')}\n`);
        done += lines.length;
      }
    }
    const end: FileEnd = { rows: Object.fromEntries(counts), sha256: hash.digest('hex') };
    await write(`${JSON.stringify(end)}\n`);
    progress(total, total, '');
    return end;
  };
  return database.transaction(read, { isolationLevel: 'repeatable read', readOnly: true });
}

async function countRows(
  snapshot: Knex.Transaction,
  ledgerId: string,
  tables: readonly TableShape[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { name, ledgerColumn } of tables) {
    const { rows } = await snapshot.raw('select count(*) as count from ?? where ?? = ?', [
      name,
      ledgerColumn,
      ledgerId,
    ]);
    counts.set(name, rows[0].count);
  }
  return counts;
}

/** The rows of a table as lines, part by part. */
async function* readRows(
  snapshot: Knex.Transaction,
  ledgerId: string,
  { name, ledgerColumn, columns }: TableShape,
): AsyncGenerator<string[], void> {
  const key = columns.filter(({ keyPlace }) => keyPlace !== undefined).sort((a, b) => a.keyPlace! - b.keyPlace!);
  // Texts are sorted by their bytes: the databases at both ends may have other alphabets.
  const order = key.map(({ type }) => `r.??${type === 'text' ? ' collate "C"' : ''}`).join(', ');
  await snapshot.raw(
    `declare exported no scroll cursor for
     select json_build_array(${columns.map(() => 'r.??::text').join(', ')})::text as line
     from ?? r where r.?? = ?::uuid ${order === '' ? '' : `order by ${order}`}`,
    [...columns.map((column) => column.name), name, ledgerColumn, ledgerId, ...key.map((column) => column.name)],
  );
  // What a row takes is known after the first of them.
  for (let size = 10; ; ) {
    const { rows } = await snapshot.raw<{ rows: Array<{ line: string }> }>(`fetch ${size} from exported`);
    if (rows.length === 0) break;
    const lines = rows.map(({ line }) => line);
    yield lines;
    const length = lines.reduce((sum, line) => sum + line.length, 0);
    size = Math.min(partRows, Math.ceil((partSize * lines.length) / length));
  }
  await snapshot.raw('close exported');
}
