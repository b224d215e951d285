import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { isRead, type LoadOrder, type LoadReport } from './load-order.ts';
import { MovementTally } from './movement-tally.ts';
import { createRequestPool } from './request-pool.ts';

/** Longer than any service under load may take for an answer; what takes longer counts as broken. */
const requestTimeoutSeconds = 60;
/** What is in flight at the end of a run may take this long to finish. */
const drainLimitMs = 30_000;
/** autocannon is stopped by us when all answers are in, not by its clock. */
const neverSeconds = 86_400;

/**
 * Puts a load on a service and reports what it did. Every connection sends its next request as soon as the answer to
 * its last one is in. At the end the requests in flight are waited for, so that every movement that happened is known.
 *
 * The driver runs on the machine that it measures, so what it spends is missing elsewhere. autocannon's documented ways
 * (`setupRequest`, `onResponse`) build each request out of objects and each answer's headers into one; that costs about
 * as much again as all the rest. Instead, each client is given its next request as a finished string and hands over the
 * answer's status and body as they are.
 */
export async function runLoad(order: LoadOrder): Promise<LoadReport> {
  const pool = createRequestPool(order);
  const from = performance.now() + order.warmUpMs;
  const until = from + order.measureMs;
  const tally = new MovementTally({ from, until }, pool.movementsPerRequest, isRead(order.load));
  let sent = 0;
  let brokenRequests = 0;
  let ending = false;

  function setupClient(client: autocannon.Client): void {
    let lastBody = '';
    const send = client._doRequest.bind(client);
    client._doRequest = () => {
      if (!ending) send();
    };
    client.getRequestBuffer = () => {
      sent += 1;
      return pool.next();
    };
    client.requestIterator.nextRequest = () => {};
    client.requestIterator.recordBody = (_request, _status, body) => {
      lastBody = body;
    };
    client.on('response', (status: number, _bytes: number, durationMs: number) => {
      tally.add({ status, body: lastBody, durationMs, arrivedAt: performance.now() });
    });
  }

  const processorBefore = process.cpuUsage();
  const { instance, finished } = start(order, setupClient);
  instance.on('reqError', () => {
    brokenRequests += 1;
  });
  await sleep(until - performance.now());
  ending = true;
  const giveUpAt = performance.now() + drainLimitMs;
  while (tally.answers + brokenRequests < sent && performance.now() < giveUpAt) await sleep(10);
  const processor = process.cpuUsage(processorBefore);
  instance.stop();
  await finished;

  return {
    movementsPerSecond: tally.movementsPerSecond,
    latency: tally.latency(),
    statuses: tally.statuses,
    brokenRequests,
    unacknowledged: (sent - tally.answers) * pool.movementsPerRequest,
    transactionIds: tally.transactionIds,
    driverMicrosPerMovement:
      (processor.user + processor.system) / Math.max(1, tally.answers * pool.movementsPerRequest),
  };
}

function start({ url, connections }: LoadOrder, setupClient: (client: autocannon.Client) => void) {
  let finish: (error: Error | null) => void = () => {};
  const finished = new Promise<void>((resolve, reject) => {
    finish = (error) => (error === null ? resolve() : reject(error));
  });
  const timing = { duration: neverSeconds, timeout: requestTimeoutSeconds, sampleInt: 100 };
  const instance = autocannon({ url, connections, ...timing, setupClient }, (error) => finish(error));
  return { instance, finished };
}
