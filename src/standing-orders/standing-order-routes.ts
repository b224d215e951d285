import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { findListedAccounts, ofSignersQuery } from '../accounts/listed-accounts.ts';
import { refuseUnknownTimeZone } from '../accounts/time-zone.ts';
import type { Database } from '../database/create-database.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { actingParty } from '../http/acting-party.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import { type PageAsked, pageOf, pageQuery, readPage, readPageBy } from '../http/paging.ts';
import { id } from '../http/read-input.ts';
import { ok, perform, type Reply, type Success } from '../http/reply.ts';
import { accountOperation, get, post } from '../http/route.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { actRefusals } from '../http/shared-refusals.ts';
import { createId } from '../ledger/create-id.ts';
import { instantText } from '../ledger/document-fields.ts';
import { createOperation, type OperationOptions } from '../ledger/operation.ts';
import { creditRefusals } from '../movements/movement-refusals.ts';
import { findJoined, findReadable, hideFromStrangers, ifVisible } from '../ownership/visible-accounts.ts';
import { listSigned } from '../signatures/list-signed.ts';
import { readSignature, signatureBody } from '../signatures/read-signature.ts';
import { type ChangeStandingOrderCommand, changeStandingOrder } from './change-standing-order.ts';
import { createStandingOrder } from './create-standing-order.ts';
import { listRuns } from './run-queries.ts';
import { nextDueAfter, nextOccurrences } from './schedule.ts';
import { problemsOfSchedule } from './schedule-problems.ts';
import {
  asOfNow,
  endOf,
  type SignedStandingOrderDocument,
  type StandingOrder,
  signedStandingOrderDocument,
  standingOrderStatuses,
} from './standing-order.ts';
import { describeStandingOrders, getStandingOrder, listStandingOrders } from './standing-order-queries.ts';
import { presentRun, type StandingOrderRun, standingOrderRunDocument, toldRun } from './standing-order-run.ts';
import { actBody, standingOrderBody } from './standing-order-schemas.ts';

const orderPath = z.object({ orderId: id });
const listQuery = z.strictObject({
  ...ofSignersQuery,
  status: z.enum(standingOrderStatuses).optional(),
});
const previewed = 5;
/** Of what is done with an order that is there. */
const orderRefusals = [...actRefusals, 'standing_order_not_found', 'standing_order_not_open'] as const;

const getVisible = ifVisible('standing_order', getStandingOrder, () => ['view', 'transfer']);

/** Standing orders: making, reading, signing, pausing, cancelling. Workers execute them. */
export const standingOrderRoutes = [
  get(
    '/standing-orders',
    {
      id: 'listStandingOrders',
      summary: 'List standing orders, of one account or of all that the key may read',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        query: listQuery,
        answers: { 200: pageOf(signedStandingOrderDocument) },
      },
      refusals: ['account_not_found'],
    },
    async ({ caller, query }, { database }) => {
      const { missingFrom, status = missingFrom === undefined ? undefined : 'waiting' } = query;
      const listed = await findListedAccounts(database, caller, query);
      const source = sourceOf(caller, database);
      const list = (page: PageAsked<string>) => listStandingOrders(source, { ...page, ...listed }, status);
      const describe = (orders: readonly StandingOrder[]) => describeStandingOrders(source, orders);
      return readPage(query, ['standing-orders'], (page) => listSigned(page, { list, describe }, missingFrom));
    },
  ),

  post(
    '/standing-orders',
    {
      id: 'createStandingOrder',
      summary: 'Make a standing order',
      ...{ keys: 'any', scope: 'standing-orders:write', offers: accountOperation, body: standingOrderBody },
      answers: { 201: signedStandingOrderDocument, 202: signedStandingOrderDocument },
      refusals: [...creditRefusals, 'too_many_standing_orders', 'mandate_unreachable'],
      examples: {
        'The rent, on the last day of each month': {
          fromAccountId: '01936f00-0000-7000-8000-000000000101',
          toAccountId: '01936f00-0000-7000-8000-000000000102',
          amount: '900.00',
          currency: 'USD',
          schedule: { startsAt: '2026-12-31T09:00:00', recurrence: 'FREQ=MONTHLY;BYMONTHDAY=-1', weekends: 'previous' },
        },
      },
    },
    async ({ caller, body, options }, { database, engine }) => {
      const initiatedBy = actingParty(caller, body.initiatedBy);
      await hideFromStrangers(database, caller, body.accountId);
      // How much tops an account up says how much is on it.
      if (body.rule.type === 'topUp') await hideFromStrangers(database, caller, body.toAccountId, { may: ['view'] });
      const { timeZone } = await getAccount(sourceOf(caller, database), body.accountId);
      const { startsAt, recurrence = null, weekends } = body.schedule;
      const schedule = { startsAt, timeZone: body.schedule.timeZone ?? timeZone, recurrence, weekends };
      const problems = problemsOfSchedule(schedule);
      if (problems.length > 0) {
        throw invalidInput(problems.map(({ path, message }) => ({ path: `schedule.${path}`, message })));
      }
      await refuseUnknownTimeZone(database, body.schedule.timeZone, 'schedule.timeZone');
      const { authentication } = caller;
      const command = { ...body, id: createId(), schedule, initiatedBy, authentication };
      return perform(engine, createOperation(createStandingOrder, command, options), presentCreated);
    },
  ),

  get(
    '/standing-orders/:orderId',
    {
      id: 'getStandingOrder',
      summary: 'Read a standing order, with its last run and the next ones',
      ...{ keys: 'any', scope: 'accounts:read', params: orderPath, refusals: ['standing_order_not_found'] },
      answers: {
        200: signedStandingOrderDocument.extend({
          nextRuns: z.array(instantText).max(previewed),
          lastRun: standingOrderRunDocument.nullable(),
        }),
      },
    },
    async ({ caller, params: { orderId } }, { database }) => {
      const order = await getVisible(database, caller, orderId, 'read');
      const source = sourceOf(caller, database);
      const since = await findSince(database, caller, order);
      const [[document], { items: runs }] = await Promise.all([
        describeStandingOrders(source, [order]),
        listRuns(source, order, { limit: 1, after: null, order: 'desc', since }),
      ]);
      const [lastRun = null] = await describeRuns(database, caller, order, runs);
      const nextRuns = runsAhead(asOfNow(order, new Date()), new Date());
      return ok({ ...document, nextRuns, lastRun });
    },
  ),

  get(
    '/standing-orders/:orderId/runs',
    {
      id: 'listStandingOrderRuns',
      summary: 'List the runs of a standing order, the latest first',
      ...{ keys: 'any', scope: 'accounts:read', params: orderPath, query: z.strictObject(pageQuery('desc')) },
      ...{ answers: { 200: pageOf(standingOrderRunDocument) }, refusals: ['standing_order_not_found'] },
    },
    async ({ caller, params: { orderId }, query }, { database }) => {
      const order = await getVisible(database, caller, orderId, 'read');
      const since = await findSince(database, caller, order);
      return readPageBy(query, ['standing-order-runs', orderId], {
        key: z.iso.datetime(),
        find: (page) => listRuns(sourceOf(caller, database), order, { ...page, since }),
        keyOf: (run) => run.occurrenceAt.toISOString(),
        present: (runs) => describeRuns(database, caller, order, runs),
      });
    },
  ),

  post(
    '/standing-orders/:orderId/authorisations',
    {
      id: 'signStandingOrder',
      summary: 'Sign a standing order; the last signature makes it active',
      ...{
        keys: 'any',
        scope: 'standing-orders:write',
        offers: accountOperation,
        params: orderPath,
        body: signatureBody('standing order'),
      },
      answers: { 200: signedStandingOrderDocument },
      refusals: [...orderRefusals, 'instruction_mismatch', 'instruction_altered', 'already_decided'],
    },
    ({ caller, params, body, options }, parts) => {
      const act = readSignature(caller, body);
      return change({ ...params, by: act.partyId, act }, caller, options, parts);
    },
  ),

  ...(['pause', 'resume', 'cancel'] as const).map((act) =>
    post(
      `/standing-orders/:orderId/${act}`,
      {
        id: `${act}StandingOrder`,
        summary: `${act[0]!.toUpperCase()}${act.slice(1)} a standing order`,
        ...{ keys: 'any', scope: 'standing-orders:write', offers: accountOperation, params: orderPath, body: actBody },
        ...{ answers: { 200: signedStandingOrderDocument }, refusals: orderRefusals },
      },
      ({ caller, params, body, options }, parts) =>
        change({ ...params, by: actingParty(caller, body?.by), act }, caller, options, parts),
    ),
  ),
];

/** Since when the caller sees runs; undefined: from the beginning. */
async function findSince(database: Database, caller: Caller, { accountId }: StandingOrder) {
  return (await findJoined(database, caller, [accountId])).get(accountId);
}

/** Runs as the caller may know them. */
async function describeRuns(
  database: Database,
  caller: Caller,
  { toAccountId }: StandingOrder,
  runs: readonly StandingOrderRun[],
) {
  const readable = await findReadable(database, caller, [toAccountId]);
  return runs.map((run) => toldRun(presentRun(run), toAccountId, readable));
}

async function change(
  { orderId, by, act }: Pick<ChangeStandingOrderCommand, 'orderId' | 'by' | 'act'>,
  caller: Caller,
  options: OperationOptions,
  { database, engine }: ServiceParts,
): Promise<Reply> {
  const { accountId } = await getVisible(database, caller, orderId);
  const command = { orderId, accountId, by, authentication: caller.authentication, act };
  return perform(engine, createOperation(changeStandingOrder, command, options), ok);
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
