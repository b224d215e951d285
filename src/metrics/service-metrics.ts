import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import { readWorkMetrics } from './work-metrics.ts';

/**
 * Everything this process measures. Metrics are counted where it happens, and only here is described what they mean.
 */
const registry = new Registry();
const registers = [registry];

const seconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

/** What a pool of sessions says of itself; knex's does. */
export interface SessionPool {
  numUsed(): number;
  numFree(): number;
  numPendingAcquires(): number;
}

const pools = new Set<SessionPool>();

/** Measures a pool until the answer is called. */
export function watchPool(pool: SessionPool): () => void {
  pools.add(pool);
  return () => pools.delete(pool);
}

export const metrics = {
  groupSize: new Histogram({
    name: 'joint_ledger_group_movements',
    help: 'Movements in each database transaction that books',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
    registers,
  }),
  groupsSplit: new Counter({
    name: 'joint_ledger_groups_split_total',
    help: 'Groups that failed as a whole, whose operations got another try',
    registers,
  }),
  queueDepth: new Gauge({
    name: 'joint_ledger_queue_depth',
    help: 'Operations that wait for their turn',
    registers,
  }),
  queueWait: new Histogram({
    name: 'joint_ledger_queue_wait_seconds',
    help: 'How long operations waited for their turn',
    buckets: seconds,
    registers,
  }),
  lockWait: new Histogram({
    name: 'joint_ledger_lock_wait_seconds',
    help: 'How long the statement that locks the account rows of a group took',
    buckets: seconds,
    registers,
  }),
  commit: new Histogram({
    name: 'joint_ledger_commit_seconds',
    help: 'How long the write of a group and COMMIT took',
    buckets: seconds,
    registers,
  }),
  retries: new Counter({
    name: 'joint_ledger_transaction_retries_total',
    help: 'Transactions that were run again, by SQLSTATE, or "connection" or "lost_race"',
    labelNames: ['sqlstate'],
    registers,
  }),
  requests: new Histogram({
    name: 'joint_ledger_http_request_seconds',
    help: 'Requests and how long each took until its answer ended, by method, path of the route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: seconds,
    registers,
  }),
  poolSessions: new Gauge({
    name: 'joint_ledger_pool_sessions',
    help: 'Sessions of the database: used, free, and how many requests wait for one (wanted)',
    labelNames: ['state'],
    registers,
    collect() {
      const counts = { used: 0, free: 0, wanted: 0 };
      for (const pool of pools) {
        counts.used += pool.numUsed();
        counts.free += pool.numFree();
        counts.wanted += pool.numPendingAcquires();
      }
      for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
    },
  }),
  refusals: new Counter({
    name: 'joint_ledger_refusals_total',
    help: 'Requests and items of batches that were refused, by code',
    labelNames: ['code'],
    registers,
  }),
  auditDropped: new Counter({
    name: 'joint_ledger_audit_dropped_total',
    help: 'Entries of the audit trail that were not written, because too many waited or the database was away',
    registers,
  }),
};

/** The text that Prometheus reads: what this process measured, memory, event loop and its workers included. */
export async function readProcessMetrics(): Promise<string> {
  return `${await registry.metrics()}\n${await readWorkMetrics()}`;
}

/** What one of several processes measured, for the one that puts it together. */
export type ProcessMetrics = MetricObjectWithValues<MetricValue<string>>[];

export function readProcessFigures(): Promise<ProcessMetrics> {
  return registry.getMetricsAsJSON();
}

/** The text that Prometheus reads: what several processes measured as one, and the workers of this process. */
export async function joinMetrics(figures: readonly ProcessMetrics[]): Promise<string> {
  const joined = AggregatorRegistry.aggregate([...figures]);
  return `${await joined.metrics()}\n${await readWorkMetrics()}`;
}

/** Begins to measure the process itself. */
export function startProcessMetrics(): void {
  if (registry.getSingleMetric('process_cpu_seconds_total') === undefined)
    collectDefaultMetrics({ register: registry });
}

/** Times something, from now until the answer is called. */
export function startTimer(histogram: Histogram): () => void {
  const startedAt = performance.now();
  return () => histogram.observe((performance.now() - startedAt) / 1000);
}

/** What Prometheus expects the text to be called. */
export const metricsMediaType = registry.contentType;
