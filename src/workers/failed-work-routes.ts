import { z } from 'zod';
import { RefusalError } from '../errors/refusal.ts';
import { pageOf, pageQuery, readPageBy } from '../http/paging.ts';
import { text } from '../http/read-input.ts';
import { get, post } from '../http/route.ts';
import { failedWorkDocument, forgetFailures, listFailedWork } from './failed-work.ts';

const itemPath = z.object({ queue: text(100), itemId: text(300) });
const separator = ' ';
const itemKey = text(401).includes(separator);

/** What workers could not do, for operators: see it, and have it tried again. */
export const failedWorkRoutes = [
  get(
    '/failed-work',
    {
      id: 'listFailedWork',
      summary: 'List what workers could not do',
      ...{
        keys: 'service',
        scope: 'operate',
        query: z.strictObject(pageQuery('asc')),
        answers: { 200: pageOf(failedWorkDocument) },
      },
    },
    ({ caller: { ledgerId }, query }, { database }) =>
      readPageBy(query, ['failed-work'], {
        key: itemKey,
        find({ limit, after, order }) {
          return listFailedWork(database, { ledgerId, after: after === null ? null : splitKey(after), limit, order });
        },
        keyOf: ({ queue, itemId }) => `${queue}${separator}${itemId}`,
      }),
  ),

  // Saying it twice is saying it once, so it takes no Idempotency-Key.
  post(
    '/failed-work/:queue/:itemId/requeue',
    {
      id: 'requeueFailedWork',
      summary: 'Have an item that failed tried again at once',
      ...{
        keys: 'service',
        scope: 'operate',
        params: itemPath,
        answers: { 202: failedWorkDocument.pick({ queue: true, itemId: true }) },
      },
      refusals: ['failed_work_not_found'],
    },
    async ({ caller: { ledgerId }, params: { queue, itemId } }, { database, wakeUp }) => {
      const forgotten = await forgetFailures(database, { ledgerId, queue, itemIds: [itemId] });
      if (forgotten === 0) throw notFailed(queue, itemId);
      wakeUp.hint(ledgerId);
      return { status: 202, body: { queue, itemId } };
    },
  ),
];

function splitKey(key: string): [string, string] {
  const at = key.indexOf(separator);
  return [key.slice(0, at), key.slice(at + 1)];
}

function notFailed(queue: string, itemId: string): RefusalError {
  return new RefusalError(
    'failed_work_not_found',
    `No item ${itemId} of the queue ${queue} has failed in this ledger.`,
  );
}
