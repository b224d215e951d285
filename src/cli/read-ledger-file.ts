import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { OperatorError } from '../errors/operator-error.ts';
import { type FileEnd, type FileHead, fileEnd, fileHead, partRows, partSize, tableHead } from './ledger-file.ts';
import { readChunks } from './read-chunks.ts';

/** Rows of one table, as they stand in the file. */
export interface FilePart {
  readonly head: FileHead;
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  /** The line of the first of the rows. */
  readonly line: number;
}

/** No row that was ever exported is near this. */
const maxLineBytes = 64 * 1_024 * 1_024;

/**
 * Reads the file of a ledger, part by part, and answers its last line at the end. Throws OperatorError when it is not a
 * whole one, at the end perhaps: what has come before that is void.
 */
export async function* readLedgerFile(file: string): AsyncGenerator<FilePart, FileEnd> {
  const hash = createHash('sha256');
  const counts: Record<string, number> = {};
  let [head, end]: [FileHead | undefined, FileEnd | undefined] = [undefined, undefined];
  let table: z.infer<typeof tableHead> | undefined;
  let [rows, size, number] = [[] as string[], 0, 0];
  const refuse = (why: string) => new OperatorError(`${file} is no whole ledger: ${why}. Nothing was imported.`);
  const part = () => ({ head: head!, ...table!, rows, line: number - rows.length });
  for await (const line of readLines(file, refuse)) {
    number++;
    if (end !== undefined) throw refuse(`something stands behind its end in line ${number}`);
    const isRow = table !== undefined && line[0] === bracket;
    if (rows.length > 0 && (!isRow || rows.length === partRows || size > partSize)) {
      yield part();
      [rows, size] = [[], 0];
    }
    if (isRow) {
      const text = line.toString('utf8', 0, line.length - 1);
      rows.push(text);
      size += text.length;
      counts[table!.table]!++;
    } else {
      const document = parse(line);
      if (head === undefined) {
        head = fileHead.safeParse(document).data;
        if (head === undefined) throw refuse('its first line is not that of an export of this version');
      } else {
        end = fileEnd.safeParse(document).data;
        table = end === undefined ? tableHead.safeParse(document).data : table;
        if (table === undefined) throw refuse(`line ${number} is neither a table nor a row`);
        if (end === undefined && counts[table.table] !== undefined) throw refuse(`line ${number} repeats a table`);
        if (end === undefined) counts[table.table] = 0;
      }
    }
    if (end === undefined) hash.update(line);
  }
  if (end === undefined) throw refuse('it is cut off');
  if (hash.digest('hex') !== end.sha256) throw refuse('it was changed, its SHA-256 is another');
  requireSameCounts(counts, end.rows, refuse);
  return end;
}

function requireSameCounts(
  counted: Readonly<Record<string, number>>,
  told: Readonly<Record<string, number>>,
  refuse: (why: string) => Error,
): void {
  for (const name of Object.keys({ ...counted, ...told })) {
    if (counted[name] !== told[name]) throw refuse(`it does not have its rows of ${name}`);
  }
}

const [newline, bracket] = [0x0a, 0x5b];

/** Ended by nothing but a newline: texts may have what else Unicode ends lines with. */
async function* readLines(file: string, refuse: (why: string) => Error): AsyncGenerator<Buffer, void> {
  let begun: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of readChunks(file)) {
    let from = 0;
    for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
      const line = chunk.subarray(from, to + 1);
      yield begun.length === 0 ? line : Buffer.concat([...begun, line]);
      [begun, bytes, from] = [[], 0, to + 1];
    }
    if (from === chunk.length) continue;
    begun.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > maxLineBytes) throw refuse('it has a line of more than 64 MB');
  }
  if (bytes > 0) throw refuse('it is cut off');
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString());
  } catch {
    return undefined;
  }
}
