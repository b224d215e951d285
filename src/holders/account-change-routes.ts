import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { readSignature } from '../approvals/read-signature.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { actingParty, hideFromStrangers } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { readTermsOf } from '../http/operation-terms.ts';
import { cutPage, decodeCursor, encodeCursor, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput } from '../http/read-input.ts';
import { sendAnswer } from '../http/reply.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createOperation } from '../ledger/operation.ts';
import type { AccountChange } from './account-change.ts';
import { changeNotFound, getChange, listChanges } from './control-queries.ts';
import { describeChanges } from './describe-changes.ts';
import { type SignChangeCommand, signChange } from './sign-change.ts';

const accountPath = z.object({ accountId: id });
const changePath = z.object({ changeId: id });
const listQuery = z.strictObject(pageQuery);
const noQuery = z.strictObject({});
const byBody = z.strictObject({ by: id.nullish() }).optional();
/** Changes of an account that take every owner's signature. */
export function addAccountChangeRoutes(router: Router, { database, engine }: ServiceParts): void {
  router
    .route('/accounts/:accountId/changes')
    .get(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const { limit, cursor } = readInput(listQuery, req.query);
      await hideFromStrangers(database, callerOf(res), accountId, { right: 'view' });
      await getAccount(database, callerOf(res).ledgerId, accountId);
      const list = `changes ${accountId}`;
      const source = sourceOf(res);
      const page = { accountId, limit: limit + 1, afterId: decodeCursor(list, id, cursor) };
      const { data, nextCursor } = cutPage(await listChanges(source, page), limit, (last) =>
        encodeCursor(list, last.id),
      );
      res.json({ data: await describeChanges(source, data, new Date()), nextCursor });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/account-changes/:changeId')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const { changeId } = readInput(changePath, req.params);
      const change = await findForCaller(res, changeId, 'view');
      res.json((await describeChanges(sourceOf(res), [change], new Date()))[0]);
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/account-changes/:changeId/authorisations')
    .post(async (req, res) => {
      const { changeId } = readInput(changePath, req.params);
      const act = readSignature(req, res, 'change');
      await submit(req, res, { changeId, by: act.partyId, act });
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/account-changes/:changeId/cancel')
    .post(async (req, res) => {
      const { changeId } = readInput(changePath, req.params);
      const by = actingParty(callerOf(res), readInput(byBody, req.body)?.by);
      await submit(req, res, { changeId, by, act: 'cancel' });
    })
    .all(methodNotAllowed('POST'));

  async function submit(
    req: Request,
    res: Response,
    asked: Pick<SignChangeCommand, 'changeId' | 'by' | 'act'>,
  ): Promise<void> {
    const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
    const { accountId } = await findForCaller(res, asked.changeId);
    const command = { ...asked, accountId, names: { partyIds: [], changeId: asked.changeId } };
    const answer = await engine.submit(createOperation(signChange, command, terms));
    sendAnswer(res, answer, (change) => ({ status: 200, body: change }));
  }

  function sourceOf(res: Response): LedgerSource {
    return { knex: database, ledgerId: callerOf(res).ledgerId };
  }

  /** The change, unless a key's party has nothing to do with it. */
  async function findForCaller(res: Response, changeId: string, right?: 'view'): Promise<AccountChange> {
    const change = await getChange(sourceOf(res), changeId);
    const hidden = { notFound: () => changeNotFound(changeId) };
    await hideFromStrangers(
      database,
      callerOf(res),
      change.accountId,
      right === undefined ? hidden : { right, ...hidden },
    );
    return change;
  }
}
