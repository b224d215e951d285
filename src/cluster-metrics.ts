import type { Worker } from 'node:cluster';
import { createClusterMetrics } from './metrics/service-metrics.ts';

/**
 * `/metrics` reaches any one of a cluster's processes, and should tell of all of them. The one that is asked asks the
 * supervising process, which collects from everybody.
 */
export type MetricsMessage =
  | { type: 'metrics wanted'; request: number }
  | { type: 'metrics'; request: number; text: string };

/** For the supervising process: answers what its API processes ask. */
export function answerMetricsRequests(): (worker: Worker, wanted: { request: number }) => void {
  const readAll = createClusterMetrics();
  return (worker, { request }) => {
    const send = (text: string) => {
      if (worker.isConnected()) worker.send({ type: 'metrics', request, text } satisfies MetricsMessage);
    };
    // A process that dies meanwhile makes the collection fail. Whoever asked gives up, and is asked again soon.
    readAll().then(send, () => {});
  };
}

const patienceMs = 5_000;

/** For an API process of a cluster: reads the metrics of all. Throws an Error when they don't come in time. */
export function createMetricsReader(): () => Promise<string> {
  const waiting = new Map<number, (text: string) => void>();
  let requests = 0;
  process.on('message', (message: MetricsMessage) => {
    if (message.type === 'metrics') waiting.get(message.request)?.(message.text);
  });
  return () => {
    const request = requests++;
    return new Promise<string>((resolve, reject) => {
      const timeout = setTimeout(() => reject(new Error('the metrics were not collected in time')), patienceMs);
      waiting.set(request, (text) => {
        clearTimeout(timeout);
        resolve(text);
      });
      process.send?.({ type: 'metrics wanted', request } satisfies MetricsMessage);
    }).finally(() => waiting.delete(request));
  };
}
