import type { Router } from 'express';
import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { actingParty, hideFromStrangers } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { cutPage, decodeCursor, encodeCursor, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput } from '../http/read-input.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { anyOneSigns } from '../ownership/mandate.ts';
import { mandateProblems, mandateTerms } from '../ownership/ownership-schemas.ts';
import { listMandates } from './mandate-queries.ts';
import { presentMandate } from './present-control.ts';
import { submitChange } from './submit-change.ts';

const accountPath = z.object({ accountId: id });
const listQuery = z.strictObject(pageQuery);
const noQuery = z.strictObject({});
const mandateBody = z.strictObject({ mandate: mandateTerms, by: id.nullish() });

/** Who must sign for money to leave an account, now and before. */
export function addMandateRoutes(router: Router, parts: ServiceParts): void {
  const { database } = parts;

  router
    .route('/accounts/:accountId/mandate')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const { accountId } = readInput(accountPath, req.params);
      await hideFromStrangers(database, callerOf(res), accountId, { right: 'view' });
      const { mandate } = await getAccount(database, callerOf(res).ledgerId, accountId);
      res.json(presentMandate(accountId, mandate ?? anyOneSigns));
    })
    .put(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const body = readInput(mandateBody, req.body);
      const by = actingParty(callerOf(res), body.by);
      await hideFromStrangers(database, callerOf(res), accountId);
      const { currency } = await getAccount(database, callerOf(res).ledgerId, accountId);
      const problems = mandateProblems(body.mandate, currency, 'mandate');
      if (problems.length > 0) throw invalidInput(problems);
      const terms = { kind: 'mandate' as const, mandate: body.mandate };
      await submitChange(parts, req, res, { accountId, by, terms, names: { partyIds: [] } });
    })
    .all(methodNotAllowed('GET, PUT'));

  router
    .route('/accounts/:accountId/mandate/versions')
    .get(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const { limit, cursor } = readInput(listQuery, req.query);
      await hideFromStrangers(database, callerOf(res), accountId, { right: 'view' });
      await getAccount(database, callerOf(res).ledgerId, accountId);
      const list = `mandates ${accountId}`;
      const before = decodeCursor(list, z.int().min(1), cursor);
      const source = { knex: database, ledgerId: callerOf(res).ledgerId };
      const found = await listMandates(source, { accountId, limit: limit + 1, before });
      res.json(cutPage(found, limit, (last) => encodeCursor(list, last.version)));
    })
    .all(methodNotAllowed('GET'));
}
