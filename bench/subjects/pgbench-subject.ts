import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findPgbench } from '../baseline-b/find-pgbench.ts';
import { readPgbenchLogs } from '../baseline-b/pgbench-logs.ts';
import { pgbenchScript } from '../baseline-b/pgbench-script.ts';
import type { FilledBook } from '../books/filled-book.ts';
import type { LoadName } from '../load-driver/load-order.ts';
import type { StopList } from '../stop-list.ts';
import type { BenchSubject, NotMeasured, RunMeasurement, RunTerms } from './bench-subject.ts';

/** Baseline B: the statements of a movement straight from pgbench. */
export async function createStatementsSubject(book: FilledBook, stops: StopList): Promise<BenchSubject> {
  const newId = await serverIdFunction(book);
  return createPgbenchSubject({ url: book.url, scriptOf: (load) => pgbenchScript(load, book, newId) }, stops);
}

/** Scripts for a database; undefined for a load that there is none for. */
export interface PgbenchScripts {
  readonly url: string;
  scriptOf(load: LoadName): string | undefined;
}

/** What pgbench does, each of its clients a session of its own. */
export async function createPgbenchSubject({ url, scriptOf }: PgbenchScripts, stops: StopList): Promise<BenchSubject> {
  const pgbench = await findPgbench();
  return {
    async run(terms) {
      if (pgbench === undefined) return { notMeasured: 'not measured: pgbench is not installed' };
      const text = scriptOf(terms.load);
      if (text === undefined) return { notMeasured: 'not measured: there is no script for this load' };
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'joint-ledger-pgbench-'));
      const removeFolder = async () => fs.rmSync(folder, { recursive: true, force: true });
      stops.add(removeFolder);
      try {
        const script = path.join(folder, 'movement.sql');
        fs.writeFileSync(script, text);
        return await runPgbench({ pgbench, folder, script, url }, terms, stops);
      } finally {
        await removeFolder();
      }
    },
  };
}

async function serverIdFunction({ database }: FilledBook): Promise<'uuidv7()' | 'gen_random_uuid()'> {
  const { rows } = await database.raw(`select to_regproc('uuidv7') is not null as found`);
  return rows[0].found ? 'uuidv7()' : 'gen_random_uuid()';
}

/** Where one run of pgbench finds and leaves its files. */
interface PgbenchRun {
  readonly pgbench: string;
  readonly folder: string;
  readonly script: string;
  readonly url: string;
}

async function runPgbench(
  { pgbench, folder, script, url }: PgbenchRun,
  terms: RunTerms,
  stops: StopList,
): Promise<RunMeasurement | NotMeasured> {
  const clients = String(terms.connections);
  const threads = String(Math.min(terms.connections, os.availableParallelism()));
  const seconds = String(Math.ceil((terms.warmUpMs + terms.measureMs) / 1_000));
  const load = ['-c', clients, '-j', threads, '-T', seconds, `--random-seed=${terms.seed}`];
  const form = ['-n', '-M', 'prepared', '-f', script, '--log', `--log-prefix=${path.join(folder, 'log')}`];
  const child = spawn(pgbench, [...load, ...form, url], { stdio: ['ignore', 'pipe', 'pipe'] });
  stops.add(async () => void child.kill('SIGKILL'));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`pgbench ended with ${code}: ${printed}`);

  const measured = readPgbenchLogs(folder, terms);
  return {
    ...measured,
    errors: 0,
    unacknowledged: 0,
    statuses: { committed: measured.acknowledged },
    transactionIds: null,
    driverMicrosPerMovement: null,
  };
}
