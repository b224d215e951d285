import type { FilledBook } from '../books/filled-book.ts';
import { type LatencyMs, type LoadName, loadNames } from '../load-driver/load-order.ts';

/** What subjects can be put under: movements that callers ask for, or standing orders that workers execute. */
export const benchLoads = [...loadNames, 'standing-orders'] as const;

export type BenchLoad = (typeof benchLoads)[number];

/** What can be measured, by the names that `--subjects` takes. */
export const subjectNames = [
  'joint-ledger',
  'joint-ledger-2',
  'a',
  'b',
  'c',
  'pgledger',
  'echo',
  'express-echo',
] as const;

export type SubjectName = (typeof subjectNames)[number];

/** What each subject is called in the table. */
export const subjectTitles: Readonly<Record<SubjectName, string>> = {
  'joint-ledger': 'joint-ledger',
  'joint-ledger-2': 'joint-ledger, 2 processes',
  a: 'A: Express + Knex',
  b: 'B: pgbench, no HTTP',
  c: 'C: without SKIP LOCKED',
  pgledger: 'pgledger, no HTTP',
  echo: 'echo, no ledger at all',
  'express-echo': 'echo by Express',
};

/** Something that is running on a book and can be put under load. */
export interface BenchSubject {
  /** Answers what was measured, or why it can't be. Throws when the run itself failed. */
  run(terms: RunTerms): Promise<RunMeasurement | NotMeasured>;
  /** Undefined where nothing runs between the loads. */
  readonly pid?: number;
}

export interface RunTerms {
  readonly load: LoadName;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly seed: number;
}

export interface RunMeasurement {
  readonly movementsPerSecond: number;
  readonly latency: LatencyMs;
  readonly acknowledged: number;
  /** Movements that were answered with anything but success, and requests whose connection broke. */
  readonly errors: number;
  readonly unacknowledged: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** As in `RunClaim`. */
  readonly transactionIds: Uint8Array | null;
  /** Null where nothing of ours drove the load. */
  readonly driverMicrosPerMovement: number | null;
}

export interface NotMeasured {
  readonly notMeasured: string;
}

/** How a subject comes to run on a book. */
export type StartSubject = (book: FilledBook) => Promise<BenchSubject>;
