import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { buildVersion } from './build-version.ts';

/**
 * What workers measure. A registry of its own, because in a cluster the supervising process works, and its figures are
 * put next to the sums of the others.
 */
const registry = new Registry();
const registers = [registry];
const labelNames = ['queue'];

export const workMetrics = {
  due: new Gauge({
    name: 'joint_ledger_work_due',
    help: 'Items of each queue that are due, those being worked on included',
    labelNames,
    registers,
  }),
  oldest: new Gauge({
    name: 'joint_ledger_work_oldest_seconds',
    help: 'For how long the oldest item of each queue has been due',
    labelNames,
    registers,
  }),
  running: new Gauge({
    name: 'joint_ledger_work_running',
    help: 'Batches of each queue that this process works on',
    labelNames,
    registers,
  }),
  givenUp: new Gauge({
    name: 'joint_ledger_work_given_up',
    help: 'Items of each queue that failed for the last time and wait to be requeued',
    labelNames,
    registers,
  }),
  items: new Counter({
    name: 'joint_ledger_work_items_total',
    help: 'Items of each queue that this process worked on',
    labelNames,
    registers,
  }),
  failures: new Counter({
    name: 'joint_ledger_work_failures_total',
    help: 'Items of each queue that failed in this process',
    labelNames,
    registers,
  }),
  batch: new Histogram({
    name: 'joint_ledger_work_batch_seconds',
    help: 'How long a batch of each queue took, from the claim to what came after its commit',
    labelNames,
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    registers,
  }),
  webhookAttempts: new Counter({
    name: 'joint_ledger_webhook_attempts_total',
    help: 'Webhooks that this process sent, by outcome: delivered, failed (tried again), given_up',
    labelNames: ['outcome'],
    registers,
  }),
};

/** The build that puts the text together: in a cluster the supervising process, so that it is there once. */
new Gauge({
  name: 'joint_ledger_build_info',
  help: 'Always 1; the version is a label',
  labelNames: ['version', 'node'],
  registers,
}).set({ version: buildVersion, node: process.versions.node }, 1);

/** The text that Prometheus reads; nothing but descriptions where no worker runs. */
export function readWorkMetrics(): Promise<string> {
  return registry.metrics();
}
