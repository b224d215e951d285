import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { actingParty, hideFromStrangers, requireServiceKey } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { readTermsOf } from '../http/operation-terms.ts';
import { cutPage, decodeCursor, encodeCursor, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, instant, readInput } from '../http/read-input.ts';
import { sendAnswer } from '../http/reply.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { Money } from '../money/money.ts';
import { type LimitsDocument, ownerRights } from '../ownership/holder.ts';
import { limitProblems, limits, rights } from '../ownership/ownership-schemas.ts';
import { findHolderRecords } from './control-queries.ts';
import { presentHolder } from './present-control.ts';
import { submitChange } from './submit-change.ts';
import { type PlaceCommand, takePlace } from './take-place.ts';

const accountPath = z.object({ accountId: id });
const holderPath = z.object({ accountId: id, partyId: id });
const listQuery = z.strictObject(pageQuery);
const noBody = z.strictObject({}).optional();

const usualInvitationMs = 14 * 86_400_000;
const longestInvitationMs = 90 * 86_400_000;

const invitationBody = z.strictObject({
  partyId: id,
  rights: rights.optional(),
  limits: limits.optional(),
  expiresAt: instant
    .refine((at) => at.getTime() <= Date.now() + longestInvitationMs, { error: 'must lie within the next 90 days' })
    .optional(),
  invitedBy: id.nullish(),
});
const termsBody = z.strictObject({ rights, limits: limits.optional(), by: id.nullish() });
const byBody = z.strictObject({ by: id.nullish() }).optional();

/** Who holds an account: invitations, acceptance, rights, limits, leaving. */
export function addHolderRoutes(router: Router, parts: ServiceParts): void {
  const { database, engine } = parts;

  router
    .route('/accounts/:accountId/holders')
    .get(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const { limit, cursor } = readInput(listQuery, req.query);
      await hideFromStrangers(database, callerOf(res), accountId, { right: 'view' });
      const list = `holders ${accountId}`;
      const page = { limit: limit + 1, afterPartyId: decodeCursor(list, id, cursor) };
      await getAccount(database, callerOf(res).ledgerId, accountId);
      const found = await findHolderRecords({ knex: database, ledgerId: callerOf(res).ledgerId }, [accountId], page);
      const { data, nextCursor } = cutPage(found, limit, (last) => encodeCursor(list, last.partyId));
      res.json({ data: data.map((holder) => presentHolder(holder, new Date())), nextCursor });
    })
    .post(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const body = readInput(invitationBody, req.body);
      const by = actingParty(callerOf(res), body.invitedBy);
      const holder = await readHolderTerms(res, accountId, { ...body, rights: body.rights ?? [...ownerRights] });
      const expiresAt = body.expiresAt ?? new Date(Date.now() + usualInvitationMs);
      const terms = { kind: 'holder_invitation' as const, holder, invitationExpiresAt: expiresAt.toISOString() };
      const names = { partyIds: [body.partyId] };
      await submitChange(parts, req, res, { accountId, by, terms, names }, { appliedStatus: 201 });
    })
    .all(methodNotAllowed('GET, POST'));

  router
    .route('/accounts/:accountId/holders/:partyId')
    .put(async (req, res) => {
      const { accountId, partyId } = readInput(holderPath, req.params);
      const body = readInput(termsBody, req.body);
      const by = actingParty(callerOf(res), body.by);
      const holder = await readHolderTerms(res, accountId, { ...body, partyId });
      const terms = { kind: 'holder_terms' as const, holder };
      await submitChange(parts, req, res, { accountId, by, terms, names: { partyIds: [partyId] } });
    })
    .all(methodNotAllowed('PUT'));

  router
    .route('/accounts/:accountId/holders/:partyId/remove')
    .post(async (req, res) => {
      const { accountId, partyId } = readInput(holderPath, req.params);
      const by = actingParty(callerOf(res), readInput(byBody, req.body)?.by);
      await hideFromStrangers(database, callerOf(res), accountId);
      const terms = { kind: 'holder_removal' as const, partyId };
      await submitChange(parts, req, res, { accountId, by, terms, names: { partyIds: [partyId] } });
    })
    .all(methodNotAllowed('POST'));

  for (const act of ['accept', 'decline', 'leave'] as const) {
    router
      .route(`/accounts/:accountId/holders/:partyId/${act}`)
      .post(async (req, res) => {
        const { accountId, partyId } = readInput(holderPath, req.params);
        await submitPlace(req, res, { accountId, partyId, act, by: actingParty(callerOf(res), partyId) });
      })
      .all(methodNotAllowed('POST'));
  }

  router
    .route('/accounts/:accountId/holders/:partyId/death')
    .post(async (req, res) => {
      const { accountId, partyId } = readInput(holderPath, req.params);
      requireServiceKey(callerOf(res));
      await submitPlace(req, res, { accountId, partyId, act: 'death', by: null });
    })
    .all(methodNotAllowed('POST'));

  async function submitPlace(
    req: Request,
    res: Response,
    asked: Pick<PlaceCommand, 'accountId' | 'partyId' | 'act' | 'by'>,
  ): Promise<void> {
    readInput(noBody, req.body);
    const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
    await hideFromStrangers(database, callerOf(res), asked.accountId);
    const command = { ...asked, restrictionId: createId(), names: { partyIds: [asked.partyId] } };
    const answer = await engine.submit(createOperation(takePlace, command, terms));
    sendAnswer(res, answer, (holder) => ({ status: 200, body: holder }));
  }

  /** Rights and limits as they shall be; limits are in the account's currency, which never changes. */
  async function readHolderTerms(
    res: Response,
    accountId: string,
    given: Pick<z.output<typeof invitationBody>, 'partyId' | 'limits'> & { rights: z.output<typeof rights> },
  ) {
    await hideFromStrangers(database, callerOf(res), accountId);
    const { currency } = await getAccount(database, callerOf(res).ledgerId, accountId);
    const { partyId, limits: wanted } = given;
    const problems = wanted === undefined ? [] : limitProblems(wanted, currency, 'limits');
    if (problems.length > 0) throw invalidInput(problems);
    const limit = (name: keyof LimitsDocument) => {
      const text = wanted?.[name] ?? null;
      return text === null ? null : Money.parse(text, currency).toString();
    };
    const agreed = { perMovement: limit('perMovement'), perDay: limit('perDay'), perMonth: limit('perMonth') };
    return { partyId, rights: given.rights, limits: agreed };
  }
}
