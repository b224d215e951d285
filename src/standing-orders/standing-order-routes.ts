import type { Response, Router } from 'express';
import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { refuseUnknownTimeZone } from '../accounts/time-zone.ts';
import { readSignature, signatureBody } from '../approvals/read-signature.ts';
import { actingParty, hideFromStrangers, requireServiceKey } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { readTermsOf } from '../http/operation-terms.ts';
import { cutPage, decodeCursor, encodeCursor, orderQuery, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, invalidInput, readInput } from '../http/read-input.ts';
import { type Success, sendAnswer, sendSuccess } from '../http/reply.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { changeStandingOrder } from './change-standing-order.ts';
import { createStandingOrder } from './create-standing-order.ts';
import { listRuns } from './run-queries.ts';
import { nextDueAfter, nextOccurrences } from './schedule.ts';
import { problemsOfSchedule } from './schedule-problems.ts';
import {
  asOfNow,
  endOf,
  type SignedStandingOrderDocument,
  type StandingOrder,
  standingOrderStatuses,
} from './standing-order.ts';
import {
  describeStandingOrders,
  getStandingOrder,
  listStandingOrders,
  standingOrderNotFound,
} from './standing-order-queries.ts';
import { presentRun } from './standing-order-run.ts';
import { actBody, standingOrderBody } from './standing-order-schemas.ts';

const orderPath = z.object({ orderId: id });
const noQuery = z.strictObject({});
const listQuery = z.strictObject({
  ...pageQuery,
  order: orderQuery.default('desc'),
  accountId: id.optional(),
  status: z.enum(standingOrderStatuses).optional(),
});
const runsQuery = z.strictObject(pageQuery);
const runKey = z.iso.datetime();
const previewed = 5;

/** Standing orders: making, reading, signing, pausing, cancelling. Workers execute them. */
export function addStandingOrderRoutes(router: Router, { database, engine }: ServiceParts): void {
  const sourceOf = (res: Response) => ({ knex: database, ledgerId: callerOf(res).ledgerId });

  /** The order, unless a key's party has nothing to do with it. */
  async function findForCaller(
    res: Response,
    orderId: string,
    rights: { right?: 'view' } = {},
  ): Promise<StandingOrder> {
    const order = await getStandingOrder(sourceOf(res), orderId);
    await hideFromStrangers(database, callerOf(res), order.accountId, {
      ...rights,
      notFound: () => standingOrderNotFound(orderId),
    });
    return order;
  }

  router
    .route('/standing-orders')
    .get(async (req, res) => {
      const { limit, cursor, order, accountId, status } = readInput(listQuery, req.query);
      if (accountId === undefined) requireServiceKey(callerOf(res));
      else {
        await hideFromStrangers(database, callerOf(res), accountId, { right: 'view' });
        await getAccount(database, callerOf(res).ledgerId, accountId);
      }
      const list = `standing-orders ${order} ${accountId ?? ''} ${status ?? ''}`;
      const page = { limit: limit + 1, afterId: decodeCursor(list, id, cursor), order, accountId, status };
      const found = await listStandingOrders(sourceOf(res), page);
      const { data, nextCursor } = cutPage(found, limit, (last) => encodeCursor(list, last.id));
      res.json({ data: await describeStandingOrders(sourceOf(res), data), nextCursor });
    })
    .post(async (req, res) => {
      const body = readInput(standingOrderBody, req.body);
      const initiatedBy = actingParty(callerOf(res), body.initiatedBy);
      const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
      await hideFromStrangers(database, callerOf(res), body.accountId);
      // How much tops an account up says how much is on it.
      if (body.rule.type === 'topUp')
        await hideFromStrangers(database, callerOf(res), body.toAccountId, { right: 'view' });
      const { timeZone } = await getAccount(database, callerOf(res).ledgerId, body.accountId);
      const { startsAt, recurrence = null, weekends } = body.schedule;
      const schedule = { startsAt, timeZone: body.schedule.timeZone ?? timeZone, recurrence, weekends };
      const problems = problemsOfSchedule(schedule);
      if (problems.length > 0) {
        throw invalidInput(problems.map(({ path, message }) => ({ path: `schedule.${path}`, message })));
      }
      await refuseUnknownTimeZone(database, body.schedule.timeZone, 'schedule.timeZone');
      const command = { ...body, id: createId(), schedule, initiatedBy };
      sendAnswer(res, await engine.submit(createOperation(createStandingOrder, command, terms)), presentCreated);
    })
    .all(methodNotAllowed('GET, POST'));

  router
    .route('/standing-orders/:orderId')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const { orderId } = readInput(orderPath, req.params);
      const order = await findForCaller(res, orderId, { right: 'view' });
      const [[document], [lastRun]] = await Promise.all([
        describeStandingOrders(sourceOf(res), [order]),
        listRuns(sourceOf(res), order, { limit: 1, before: null }),
      ]);
      const nextRuns = runsAhead(asOfNow(order, new Date()), new Date());
      sendSuccess(res, {
        status: 200,
        body: { ...document, nextRuns, lastRun: lastRun === undefined ? null : presentRun(lastRun) },
      });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/standing-orders/:orderId/runs')
    .get(async (req, res) => {
      const { orderId } = readInput(orderPath, req.params);
      const { limit, cursor } = readInput(runsQuery, req.query);
      const order = await findForCaller(res, orderId, { right: 'view' });
      const list = `standing-order-runs ${orderId}`;
      const last = decodeCursor(list, runKey, cursor);
      const before = last === null ? null : new Date(last);
      const found = await listRuns(sourceOf(res), order, { limit: limit + 1, before });
      res.json(cutPage(found.map(presentRun), limit, ({ occurrenceAt }) => encodeCursor(list, occurrenceAt)));
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/standing-orders/:orderId/authorisations')
    .post(async (req, res) => {
      const { orderId } = readInput(orderPath, req.params);
      const act = readSignature(callerOf(res), readInput(signatureBody('standing order'), req.body));
      const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
      const { accountId } = await findForCaller(res, orderId);
      const command = { orderId, accountId, by: act.partyId, act };
      sendAnswer(res, await engine.submit(createOperation(changeStandingOrder, command, terms)), presentChanged);
    })
    .all(methodNotAllowed('POST'));

  for (const act of ['pause', 'resume', 'cancel'] as const) {
    router
      .route(`/standing-orders/:orderId/${act}`)
      .post(async (req, res) => {
        const { orderId } = readInput(orderPath, req.params);
        const by = actingParty(callerOf(res), readInput(actBody, req.body)?.by);
        const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
        const { accountId } = await findForCaller(res, orderId);
        const command = { orderId, accountId, by, act };
        sendAnswer(res, await engine.submit(createOperation(changeStandingOrder, command, terms)), presentChanged);
      })
      .all(methodNotAllowed('POST'));
  }
}

/** When the order is executed the next times; a waiting or paused one, were it signed or resumed now. */
function runsAhead({ schedule, status, next, handledUntil }: StandingOrder, now: Date): string[] {
  const isOpen = status === 'waiting' || status === 'paused';
  const first = isOpen ? nextDueAfter(schedule, handledUntil, now) : (next ?? undefined);
  if (first === undefined) return [];
  const ahead = [first, ...nextOccurrences(schedule, endOf(first), previewed - 1)];
  return ahead.map(({ dueAt }) => dueAt.toISOString());
}

/** 201 when it is active, 202 when it waits for signatures. */
function presentCreated(order: SignedStandingOrderDocument): Success {
  const status = order.status === 'waiting' ? 202 : 201;
  return { status, body: order, headers: { Location: `/v1/standing-orders/${order.id}` } };
}

function presentChanged(order: SignedStandingOrderDocument): Success {
  return { status: 200, body: order };
}
