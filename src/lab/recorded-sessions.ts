import type { QueryResult } from 'pg';
import { createDatabase, type Database, type DatabaseOptions } from '../database/create-database.ts';
import type { Callback, Session, Statement } from '../database/session.ts';
import type { RecordedStatement } from './lab-messages.ts';
import type { Cell } from './run-result.ts';
import { nowUs } from './shared-clock.ts';

/** Where the statements of a session go at the moment; undefined while nothing is to be recorded. */
export type Recording = { readonly startUs: number; readonly statements: RecordedStatement[] } | undefined;

export interface RecordedDatabase {
  readonly database: Database;
  /** What is sent from now on is recorded here. */
  record(recording: Recording): void;
  destroy(): Promise<void>;
}

interface Result {
  readonly command?: string;
  readonly rows?: ReadonlyArray<Record<string, unknown>>;
  readonly rowCount?: number | null;
}

/** A statement reads a handful of rows here; the picture needs no more. */
const keptRows = 10;

/**
 * Opens a pool all of whose statements are recorded, where they leave for the driver: whatever sends them (knex, a
 * transaction's BEGIN and COMMIT, the engine's pipeline), they are all seen.
 */
export function openRecorded(options: DatabaseOptions): RecordedDatabase {
  const database = createDatabase(options);
  let recording: Recording;
  database.client.pool.on('createSuccess', (_id: number, session: Session) => {
    const send = session.query.bind(session) as (statement: Statement, callback: Callback) => void;
    let pid = 0;
    send({ text: 'select pg_backend_pid() as pid' }, (error, result) => {
      if (!error) pid = (result as { rows: [{ pid: number }] }).rows[0].pid;
    });
    const record = (statement: Statement, callback: Callback) => {
      const into = recording;
      if (into === undefined) return send(statement, callback);
      const entry = begin(pid, statement, into.startUs);
      into.statements.push(entry);
      send(statement, (error, result) => {
        finish(entry, into.startUs, error, result as Result);
        callback(error, result);
      });
    };
    session.query = ((statement: Statement, callback?: Callback) => {
      if (callback !== undefined) return record(statement, callback);
      return new Promise<QueryResult>((resolve, reject) => {
        record(statement, (error, result) => (error ? reject(error) : resolve(result as QueryResult)));
      });
    }) as Session['query'];
  });
  return {
    database,
    record(next) {
      recording = next;
    },
    destroy: () => database.destroy(),
  };
}

function begin(pid: number, { text, values }: Statement, startUs: number): RecordedStatement {
  const fromUs = nowUs() - startUs;
  return {
    ...{ pid, sql: text.trim(), values: (values ?? []).map(asCell), fromUs, toUs: fromUs },
    ...{ command: '', rows: [], affected: 0, sqlState: null, detail: '' },
  };
}

function finish(entry: RecordedStatement, startUs: number, error: unknown, result: Result | undefined): void {
  entry.toUs = nowUs() - startUs;
  if (error) {
    const { code, detail, message } = error as { code?: string; detail?: string; message: string };
    entry.sqlState = code ?? 'XX000';
    entry.detail = detail ?? message;
    return;
  }
  entry.command = result?.command ?? '';
  entry.rows = (result?.rows ?? [])
    .slice(0, keptRows)
    .map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, asCell(value)])));
  entry.affected = result?.rowCount ?? 0;
}

const maxCellLength = 200;

/** The engine's statements carry whole columns; the picture shows the beginning of such a value. */
function asCell(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > maxCellLength ? `${text.slice(0, maxCellLength)}…` : text;
}
