import type { Router } from 'express';
import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { actingParty, hideFromStrangers } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { readTermsOf } from '../http/operation-terms.ts';
import { cutPage, decodeCursor, encodeCursor, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput, text } from '../http/read-input.ts';
import { sendAnswer } from '../http/reply.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { getRestriction, listRestrictions, restrictionNotFound } from './control-queries.ts';
import { placeRestriction } from './place-restriction.ts';
import { presentRestriction } from './present-control.ts';
import { submitChange } from './submit-change.ts';

const accountPath = z.object({ accountId: id });
const restrictionPath = z.object({ restrictionId: id });
const listQuery = z.strictObject({ ...pageQuery, active: z.enum(['true', 'false']).optional() });
const restrictionBody = z.strictObject({
  scope: z.enum(['debits', 'credits', 'both']).default('debits'),
  reason: text(500),
  by: id.nullish(),
});
const byBody = z.strictObject({ by: id.nullish() }).optional();

/** Stopping an account's debits or credits, and letting them go on. */
export function addRestrictionRoutes(router: Router, parts: ServiceParts): void {
  const { database, engine } = parts;

  router
    .route('/accounts/:accountId/restrictions')
    .get(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const { limit, cursor, active } = readInput(listQuery, req.query);
      await hideFromStrangers(database, callerOf(res), accountId, { right: 'view' });
      await getAccount(database, callerOf(res).ledgerId, accountId);
      const list = `restrictions ${accountId} ${active ?? ''}`;
      const isActive = active === undefined ? undefined : active === 'true';
      const page = { accountId, limit: limit + 1, afterId: decodeCursor(list, id, cursor), isActive };
      const found = await listRestrictions({ knex: database, ledgerId: callerOf(res).ledgerId }, page);
      const { data, nextCursor } = cutPage(found, limit, (last) => encodeCursor(list, last.id));
      res.json({ data: data.map(presentRestriction), nextCursor });
    })
    .post(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const { scope, reason, by: named } = readInput(restrictionBody, req.body);
      const by = actingParty(callerOf(res), named);
      const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
      await hideFromStrangers(database, callerOf(res), accountId);
      const command = { id: createId(), accountId, by, scope, reason, names: { partyIds: [] } };
      const answer = await engine.submit(createOperation(placeRestriction, command, terms));
      sendAnswer(res, answer, (restriction) => ({ status: 201, body: restriction }));
    })
    .all(methodNotAllowed('GET, POST'));

  router
    .route('/restrictions/:restrictionId/lift')
    .post(async (req, res) => {
      const { restrictionId } = readInput(restrictionPath, req.params);
      const by = actingParty(callerOf(res), readInput(byBody, req.body)?.by);
      const { accountId } = await getRestriction({ knex: database, ledgerId: callerOf(res).ledgerId }, restrictionId);
      await hideFromStrangers(database, callerOf(res), accountId, {
        notFound: () => restrictionNotFound(restrictionId),
      });
      const terms = { kind: 'restriction_lift' as const, restrictionId };
      await submitChange(parts, req, res, { accountId, by, terms, names: { partyIds: [], restrictionId } });
    })
    .all(methodNotAllowed('POST'));
}
