import { randomUUID } from 'node:crypto';
import { accountId } from '../books/account-id.ts';
import type { FilledBook } from '../books/filled-book.ts';
import type { LoadDriver } from '../load-driver/load-driver-process.ts';
import { isRead } from '../load-driver/load-order.ts';
import type { BenchSubject, NotMeasured, RunMeasurement, RunTerms } from './bench-subject.ts';
import type { ServiceProcess } from './service-process.ts';

/** Drives the movements of a book through a service, and the questions about it. */
export function createHttpSubject(
  driver: LoadDriver,
  book: FilledBook,
  { url, pid }: Pick<ServiceProcess, 'url' | 'pid'>,
): BenchSubject {
  const { apiKey, size } = book;
  return {
    pid,
    async run(terms) {
      if (terms.load.startsWith('batches') && !(await offersBatches(url, apiKey))) {
        return { notMeasured: 'not offered' };
      }
      return runOverHttp(driver, { ...terms, url, apiKey, accounts: size.accounts });
    },
  };
}

async function runOverHttp(
  driver: LoadDriver,
  terms: RunTerms & { url: string; apiKey: string; accounts: number },
): Promise<RunMeasurement | NotMeasured> {
  const report = await driver.run({ ...terms, keyPrefix: `${randomUUID()}-` });
  const success = isRead(terms.load) ? '200' : '201';
  const refused = Object.entries(report.statuses).filter(([status]) => status !== success);
  return {
    movementsPerSecond: report.movementsPerSecond,
    latency: report.latency,
    acknowledged: report.statuses[success] ?? 0,
    errors: refused.reduce((sum, [, count]) => sum + count, report.brokenRequests),
    unacknowledged: report.unacknowledged,
    statuses: report.statuses,
    transactionIds: report.transactionIds,
    driverMicrosPerMovement: report.driverMicrosPerMovement,
  };
}

/** Whether the service has the batch endpoint. Asks with one item that can never succeed, so that nothing is booked. */
async function offersBatches(url: string, apiKey: string): Promise<boolean> {
  const nowhere = { fromAccountId: accountId(0), toAccountId: accountId(1), amount: '1.00', currency: 'USD' };
  const answer = await fetch(`${url}/v1/batches`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() },
    body: JSON.stringify({ atomic: false, items: [{ type: 'transfer', ...nowhere }] }),
  });
  await answer.arrayBuffer();
  return answer.status !== 404;
}
