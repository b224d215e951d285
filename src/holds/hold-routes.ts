import type { Response, Router } from 'express';
import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { actingParty, findReadable, hideFromStrangers } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { getAmount } from '../http/money-fields.ts';
import { readTermsOf } from '../http/operation-terms.ts';
import { cutPage, decodeCursor, encodeCursor, orderQuery, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput } from '../http/read-input.ts';
import { type Success, sendAnswer } from '../http/reply.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import type { MovementResult } from '../movements/book-legs.ts';
import { createTransfer, createWithdrawal } from '../movements/create-movement.ts';
import { presentDryRun, presentResult, withoutHidden } from '../movements/present-movement.ts';
import { refuseStrangers } from '../movements/refuse-strangers.ts';
import { type CaptureResult, captureHold } from './capture-hold.ts';
import { createHold } from './create-hold.ts';
import { extendHold, voidHold } from './finish-hold.ts';
import { type HoldDocument, holdStatuses } from './hold.ts';
import { getHold, holdNotFound, listHolds } from './hold-queries.ts';
import { captureBody, extendBody, holdBody, voidBody } from './hold-schemas.ts';

const accountPath = z.object({ accountId: id });
const holdPath = z.object({ holdId: id });
const noQuery = z.strictObject({});
const listQuery = z.strictObject({
  ...pageQuery,
  order: orderQuery.default('desc'),
  status: z.enum(holdStatuses).optional(),
});

/** Holds: reserving money, capturing it, letting go of it. */
export function addHoldRoutes(router: Router, { database, engine }: ServiceParts): void {
  /** Without a lock: what is acted on by it (the accounts) never changes. */
  async function getVisibleHold(res: Response, holdId: string, rights: { right?: 'view' } = {}): Promise<HoldDocument> {
    const hold = await getHold(database, callerOf(res).ledgerId, holdId);
    await hideFromStrangers(database, callerOf(res), hold.accountId, {
      ...rights,
      notFound: () => holdNotFound(holdId),
    });
    return hold;
  }

  router
    .route('/holds')
    .post(async (req, res) => {
      const { accountId, toAccountId, expiresAt, terms: told } = readInput(holdBody, req.body);
      const about = { ...told, initiatedBy: actingParty(callerOf(res), told.initiatedBy) };
      const terms = readTermsOf(req, res, { dryRun: true, ifMatch: true });
      const movement =
        toAccountId === null
          ? createWithdrawal(callerOf(res).ledgerId, accountId, about)
          : createTransfer(accountId, toAccountId, about);
      const readable = await refuseStrangers(database, callerOf(res), [movement]);
      const answer = await engine.submit(createOperation(createHold, { movement, expiresAt }, terms));
      sendAnswer(res, answer, (hold) => (terms.dryRun ? presentDryHold(hold, readable) : presentCreated(hold)));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/holds/:holdId')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const { holdId } = readInput(holdPath, req.params);
      res.json(await getVisibleHold(res, holdId, { right: 'view' }));
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/accounts/:accountId/holds')
    .get(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const { limit, order, cursor, status } = readInput(listQuery, req.query);
      await hideFromStrangers(database, callerOf(res), accountId, { right: 'view' });
      await getAccount(database, callerOf(res).ledgerId, accountId);
      const list = `holds ${accountId} ${order} ${status ?? ''}`;
      const page = { accountId, status, order, limit: limit + 1, afterId: decodeCursor(list, id, cursor) };
      const found = await listHolds(database, callerOf(res).ledgerId, page);
      res.json(cutPage(found, limit, (last) => encodeCursor(list, last.id)));
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/holds/:holdId/capture')
    .post(async (req, res) => {
      const { holdId } = readInput(holdPath, req.params);
      const body = readInput(captureBody, req.body);
      const by = actingParty(callerOf(res), body.by);
      const terms = readTermsOf(req, res, { dryRun: true, ifMatch: true });
      const hold = await getVisibleHold(res, holdId);
      const amount = body.amount == null ? null : getAmount(body.amount, body.currency ?? hold.currency, 'amount');
      const command = {
        hold,
        by,
        amount,
        final: body.final,
        ledgerId: callerOf(res).ledgerId,
        transactionId: createId(),
      };
      const readable = await findReadable(database, callerOf(res), [
        hold.accountId,
        hold.toAccountId ?? hold.accountId,
      ]);
      const answer = await engine.submit(createOperation(captureHold, command, terms));
      const present = terms.dryRun ? presentDryRun : presentResult;
      sendAnswer(res, answer, (result) => presentCapture(result, (booked) => present(withoutHidden(booked, readable))));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/holds/:holdId/void')
    .post(async (req, res) => {
      const { holdId } = readInput(holdPath, req.params);
      const by = actingParty(callerOf(res), readInput(voidBody, req.body).by);
      const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
      const command = { hold: await getVisibleHold(res, holdId), by };
      sendAnswer(res, await engine.submit(createOperation(voidHold, command, terms)), presentChanged);
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/holds/:holdId/extend')
    .post(async (req, res) => {
      const { holdId } = readInput(holdPath, req.params);
      const body = readInput(extendBody, req.body);
      const by = actingParty(callerOf(res), body.by);
      const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
      const command = { hold: await getVisibleHold(res, holdId), by, expiresAt: body.expiresAt };
      sendAnswer(res, await engine.submit(createOperation(extendHold, command, terms)), presentChanged);
    })
    .all(methodNotAllowed('POST'));
}

function presentCreated(hold: HoldDocument): Success {
  return { status: 201, body: hold, headers: { Location: `/v1/holds/${hold.id}` } };
}

/** Nothing was reserved, so there is no id to look for. Why it could be is for those who may read the account. */
function presentDryHold({ explanation, ...hold }: HoldDocument, readable: ReadonlySet<string> | null): Success {
  const isReadable = readable === null || readable.has(hold.accountId);
  return { status: 200, body: { ...hold, id: null, status: 'dry_run', ...(isReadable ? { explanation } : {}) } };
}

function presentChanged(hold: HoldDocument): Success {
  return { status: 200, body: hold };
}

/** As `present` answers the transaction, with the hold beside it. */
function presentCapture({ hold, transaction }: CaptureResult, present: (booked: MovementResult) => Success): Success {
  const answer = present(transaction);
  return { ...answer, body: { hold, transaction: answer.body } };
}
