import type { Router } from 'express';
import { z } from 'zod';
import { RefusalError } from '../errors/refusal.ts';
import { requireServiceKey } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { cutPage, decodeCursor, encodeCursor, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { readInput, text } from '../http/read-input.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { type FailedWork, forgetFailures, listFailedWork } from './failed-work.ts';

const listQuery = z.strictObject(pageQuery);
const noQuery = z.strictObject({});
const itemPath = z.object({ queue: text(100), itemId: text(300) });
const list = 'failed-work';
const separator = ' ';
const itemKey = text(401).includes(separator);

/** What workers could not do, for operators: see it, and have it tried again. */
export function addFailedWorkRoutes(router: Router, { database, wakeUp }: ServiceParts): void {
  router
    .route('/failed-work')
    .get(async (req, res) => {
      requireServiceKey(callerOf(res));
      const { limit, cursor } = readInput(listQuery, req.query);
      const last = decodeCursor(list, itemKey, cursor);
      const after = last === null ? null : splitKey(last);
      const found = await listFailedWork(database, { ledgerId: callerOf(res).ledgerId, after, limit: limit + 1 });
      res.json(cutPage(found, limit, ({ queue, itemId }) => encodeCursor(list, `${queue}${separator}${itemId}`)));
    })
    .all(methodNotAllowed('GET'));

  // Saying it twice is saying it once, so it takes no Idempotency-Key.
  router
    .route('/failed-work/:queue/:itemId/requeue')
    .post(async (req, res) => {
      requireServiceKey(callerOf(res));
      readInput(noQuery, req.query);
      const { queue, itemId } = readInput(itemPath, req.params);
      const forgotten = await forgetFailures(database, { ledgerId: callerOf(res).ledgerId, queue, itemIds: [itemId] });
      if (forgotten === 0) throw notFailed(queue, itemId);
      wakeUp.hint();
      res.status(202).json({ queue, itemId } satisfies Pick<FailedWork, 'queue' | 'itemId'>);
    })
    .all(methodNotAllowed('POST'));
}

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
