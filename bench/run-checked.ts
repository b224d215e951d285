import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchPlan } from './bench-plan.ts';
import { checkRun, countTransactions } from './books/check-run.ts';
import type { FilledBook } from './books/filled-book.ts';
import { isRead } from './load-driver/load-order.ts';
import type { BenchRun } from './report/bench-run.ts';
import type { StopList } from './stop-list.ts';
import type { Arena } from './subjects/arena.ts';
import type { BenchSubject, RunMeasurement } from './subjects/bench-subject.ts';
import { parentOf, processorMicros } from './subjects/processor-time.ts';
import { runWorkers } from './subjects/run-workers.ts';

/** A run, and a sentence for each thing that its check found wrong. */
export interface CheckedRun {
  readonly run: BenchRun;
  readonly failures: readonly string[];
}

/**
 * Carries out one run and compares what it claims with the book.
 *
 * The run begins on vacuumed tables. A hot row leaves dead versions behind faster than PostgreSQL's own vacuum comes
 * by, and the next subject would have to step over them; whoever happens to meet that vacuum would be lucky or unlucky.
 */
export async function runChecked(
  { book, subjects }: Arena,
  which: Omit<BenchRun, 'measured' | 'walBytes' | 'flushes' | 'tableBytes' | 'processor'>,
  { warmUpMs, measureMs }: Pick<BenchPlan, 'warmUpMs' | 'measureMs'>,
  stops: StopList,
): Promise<CheckedRun> {
  const { scenario, subject, round } = which;
  const { load, connections } = scenario;
  await book.database.raw('vacuum analyze accounts, idempotency_keys');
  const countBefore = await countTransactions(book);
  const walBefore = await walPosition(book);
  const flushedBefore = await countFlushes(book);
  const keptBefore = await databaseBytes(book);
  const processorBefore = await processorOf(book, subjects.get(subject));
  const measured =
    load === 'standing-orders'
      ? await runWorkers(book, subject, { workers: connections, warmUpMs, measureMs }, stops)
      : await subjects.get(subject)!.run({ load, connections, warmUpMs, measureMs, seed: round });
  const processorAfter = await processorOf(book, subjects.get(subject));
  const written = (await walPosition(book)) - walBefore;
  const flushes = (await countFlushes(book)) - flushedBefore;
  const kept = (await databaseBytes(book)) - keptBefore;
  const booked = (await countTransactions(book)) - countBefore;
  // Those that write to other tables are believed.
  const movements = booked === 0 && !('notMeasured' in measured) ? measured.acknowledged : booked;
  const run = {
    ...which,
    measured,
    walBytes: movements === 0 || isRead(load) ? undefined : written / movements,
    flushes: movements === 0 || isRead(load) ? undefined : flushes / movements,
    tableBytes: movements === 0 || isRead(load) ? undefined : kept / movements,
    processor: 'notMeasured' in measured ? undefined : processorOfEach(processorBefore, processorAfter, measured),
  };
  // An echo books nothing, and pgledger in tables of its own.
  const isElsewhere = subject === 'echo' || subject === 'pgledger';
  if ('notMeasured' in measured || isElsewhere || isRead(load)) return { run, failures: [] };
  return { run, failures: await checkRun(book, countBefore, measured) };
}

/** How often PostgreSQL has waited for its write-ahead log to reach the disk; from version 18 on pg_stat_io counts it. */
async function countFlushes({ database }: FilledBook): Promise<number> {
  const { rows: has } = await database.raw(`select current_setting('server_version_num')::int >= 180000 as io`);
  const { rows } = await database.raw(
    has[0].io
      ? `select coalesce(sum(fsyncs), 0)::float8 as count from pg_stat_io where object = 'wal'`
      : 'select wal_sync::float8 as count from pg_stat_wal',
  );
  return rows[0].count;
}

/** What all databases of the server take: tables and indexes, which grow by blocks of up to half a megabyte. */
async function databaseBytes({ database }: FilledBook): Promise<number> {
  const { rows } = await database.raw('select sum(pg_database_size(oid))::float8 as bytes from pg_database');
  return rows[0].bytes;
}

/** What the service and the server have taken of the processors until now, as far as the system tells. */
async function processorOf({ database }: FilledBook, subject: BenchSubject | undefined) {
  const { rows } = await database.raw('select pg_backend_pid() as pid');
  const postgres = processorMicros(parentOf(rows[0].pid));
  const service = subject?.pid === undefined ? 0 : processorMicros(subject.pid);
  return postgres === undefined || service === undefined ? undefined : { postgres, service };
}

type ProcessorUse = Awaited<ReturnType<typeof processorOf>>;

function processorOfEach(before: ProcessorUse, after: ProcessorUse, measured: RunMeasurement) {
  if (before === undefined || after === undefined || measured.acknowledged === 0) return;
  const each = (name: 'service' | 'postgres') => (after[name] - before[name]) / measured.acknowledged;
  return { service: each('service'), postgres: each('postgres'), driver: measured.driverMicrosPerMovement ?? 0 };
}

/** Where joint-ledger is no subject, nobody appends to its log. */
const maxLooks = 500;

/** How many bytes PostgreSQL has written to its log so far, once all that was booked has its position in ours. */
async function walPosition({ database }: FilledBook): Promise<number> {
  for (let looks = 0; looks < maxLooks; looks++) {
    if ((await database('log_inbox').select('stamp').limit(1)).length === 0) break;
    await sleep(20);
  }
  const { rows } = await database.raw(`select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as bytes`);
  return rows[0].bytes;
}
