import type { FilledBook } from '../books/filled-book.ts';
import { timeOrders, writeHeldOrders } from '../books/held-orders.ts';
import type { StopList } from '../stop-list.ts';
import type { RunMeasurement, SubjectName } from './bench-subject.ts';
import { startServiceProcess } from './service-process.ts';

export interface WorkersTerms {
  readonly workers: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** The subjects that have workers. That claims wait until they give up is no trouble of C's, but what it is about. */
const commands: Partial<Record<SubjectName, { script: string; logLevel: string }>> = {
  'joint-ledger': { script: 'dist/src/main.js', logLevel: 'warn' },
  c: { script: 'dist/bench/baseline-c/worker-without-skip-locked.js', logLevel: 'error' },
};

/** So many orders are due for each second that other loads run. */
const ordersPerSecond = 1_000;

/**
 * Has workers execute standing orders that become due at one instant, and measures from that instant until the last of
 * them is booked. The workers are running by then, and each has had its share of other orders to warm up with.
 */
export async function runWorkers(
  book: FilledBook,
  subject: SubjectName,
  { workers, warmUpMs, measureMs }: WorkersTerms,
  stops: StopList,
): Promise<RunMeasurement> {
  const unmeasured = await writeHeldOrders(book, (workers * ordersPerSecond * warmUpMs) / 1_000);
  const measured = await writeHeldOrders(book, (ordersPerSecond * measureMs) / 1_000);
  const { script, logLevel } = commands[subject]!;
  const settings = { DATABASE_URL: book.url, HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: logLevel };
  const command = { args: [script, '--role', 'worker'], settings };
  const processes = await Promise.all(
    Array.from({ length: workers }, () => startServiceProcess({ ...command, onSpawned: (stop) => stops.add(stop) })),
  );
  await timeOrders(book, unmeasured);
  const tookMs = await timeOrders(book, measured);
  await Promise.all(processes.map((worker) => worker.stop()));
  return {
    movementsPerSecond: (measured.length * 1_000) / tookMs,
    latency: { p50: Number.NaN, p99: Number.NaN, max: Number.NaN },
    acknowledged: unmeasured.length + measured.length,
    errors: 0,
    unacknowledged: 0,
    statuses: {},
    transactionIds: null,
    driverMicrosPerMovement: null,
  };
}
