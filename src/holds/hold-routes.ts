import { z } from 'zod';
import { accountPath } from '../accounts/account-schemas.ts';
import { findListedAccounts, ofAccountsQuery } from '../accounts/listed-accounts.ts';
import type { Database } from '../database/create-database.ts';
import { actingParty } from '../http/acting-party.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import { getAmount } from '../http/money-fields.ts';
import { pageOf, readPage } from '../http/paging.ts';
import { id } from '../http/read-input.ts';
import { ok, perform, type Success } from '../http/reply.ts';
import { accountOperation, get, post } from '../http/route.ts';
import { actRefusals } from '../http/shared-refusals.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import type { MovementResult } from '../movements/book-legs.ts';
import { createTransfer, createWithdrawal } from '../movements/create-movement.ts';
import { debitRefusals } from '../movements/movement-refusals.ts';
import { presentDryRun, presentResult, withoutHidden } from '../movements/present-movement.ts';
import { dryTransactionDocument, transactionDocument } from '../movements/present-transaction.ts';
import { refuseStrangers } from '../movements/refuse-strangers.ts';
import { findReadable, ifVisible } from '../ownership/visible-accounts.ts';
import { type CaptureResult, captureHold } from './capture-hold.ts';
import { createHold } from './create-hold.ts';
import { extendHold, voidHold } from './finish-hold.ts';
import { dryHoldDocument, type HoldDocument, holdDocument, holdStatuses } from './hold.ts';
import { getHold, listHolds } from './hold-queries.ts';
import { captureBody, extendBody, holdBody, voidBody } from './hold-schemas.ts';

const holdPath = z.object({ holdId: id });
const listQuery = z.strictObject({ ...ofAccountsQuery, status: z.enum(holdStatuses).optional() });
/** Of whatever acts on a hold that is there. */
const refusals = [...actRefusals, 'hold_not_found', 'hold_not_active'] as const;

/** Without a lock: the accounts that it is about never change. */
const getVisible = ifVisible('hold', getHold);

async function readHolds(
  database: Database,
  caller: Caller,
  query: Omit<z.output<typeof listQuery>, 'accountId'> & { accountId?: string | undefined },
): Promise<Success> {
  const listed = await findListedAccounts(database, caller, query);
  return readPage(query, ['holds'], (page) =>
    listHolds(sourceOf(caller, database), { ...page, ...listed }, query.status),
  );
}

/** Holds: reserving money, capturing it, letting go of it. */
export const holdRoutes = [
  post(
    '/holds',
    {
      id: 'createHold',
      summary: 'Reserve money for a withdrawal or a transfer',
      ...{ keys: 'any', scope: 'holds:write', offers: { ...accountOperation, dryRun: true }, body: holdBody },
      answers: { 200: dryHoldDocument, 201: holdDocument },
      refusals: [...debitRefusals, 'signatures_missing'],
      examples: {
        'At a hotel': { accountId: '01936f00-0000-7000-8000-000000000101', amount: '200.00', currency: 'USD' },
      },
    },
    async ({ caller, body: { accountId, toAccountId, expiresAt, details: told }, options }, { database, engine }) => {
      const { authentication } = caller;
      const about = { ...told, initiatedBy: actingParty(caller, told.initiatedBy), authentication };
      const movement =
        toAccountId === null
          ? createWithdrawal(caller.ledgerId, accountId, about)
          : createTransfer(accountId, toAccountId, about);
      const readable = await refuseStrangers(database, caller, [movement]);
      const present = (hold: HoldDocument) => (options.dryRun ? presentDryHold(hold, readable) : presentCreated(hold));
      return perform(engine, createOperation(createHold, { movement, expiresAt }, options), present);
    },
  ),

  get(
    '/holds/:holdId',
    {
      id: 'getHold',
      summary: 'Read a hold',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: holdPath,
        answers: { 200: holdDocument },
        refusals: ['hold_not_found'],
      },
    },
    async ({ caller, params: { holdId } }, { database }) => ok(await getVisible(database, caller, holdId, 'read')),
  ),

  get(
    '/accounts/:accountId/holds',
    {
      id: 'listHolds',
      summary: 'List what reserves or has reserved money of an account',
      ...{ keys: 'any', scope: 'accounts:read', params: accountPath, query: listQuery.omit({ accountId: true }) },
      ...{ answers: { 200: pageOf(holdDocument) }, refusals: ['account_not_found'] },
    },
    ({ caller, params, query }, { database }) => readHolds(database, caller, { ...query, ...params }),
  ),

  get(
    '/holds',
    {
      id: 'findHolds',
      summary: 'List what reserves or has reserved money, of all accounts that the key may read',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        query: listQuery,
        answers: { 200: pageOf(holdDocument) },
        refusals: ['account_not_found'],
      },
    },
    ({ caller, query }, { database }) => readHolds(database, caller, query),
  ),

  post(
    '/holds/:holdId/capture',
    {
      id: 'captureHold',
      summary: 'Book what a hold has reserved, all or a part of it',
      ...{
        keys: 'any',
        scope: 'holds:write',
        offers: { ...accountOperation, dryRun: true },
        params: holdPath,
        body: captureBody,
      },
      answers: {
        200: z.strictObject({ hold: holdDocument, transaction: dryTransactionDocument }),
        201: z.strictObject({ hold: holdDocument, transaction: transactionDocument }),
      },
      refusals: [
        ...refusals,
        'hold_amount_exceeded',
        'account_closed',
        'currency_mismatch',
        'account_restricted',
        'balance_limit_exceeded',
        'booked_in_the_future',
      ],
      examples: { 'A part, and no more': { amount: '180.00', final: true }, 'All that remains': {} },
    },
    async ({ caller, params: { holdId }, body, options }, { database, engine }) => {
      const by = actingParty(caller, body.by);
      const hold = await getVisible(database, caller, holdId);
      const { ledgerId } = caller;
      const amount = body.amount == null ? null : getAmount(body.amount, body.currency ?? hold.currency, 'amount');
      const about = { hold, by, authentication: caller.authentication };
      const command = { ...about, amount, final: body.final, ledgerId, transactionId: createId() };
      const readable = await findReadable(database, caller, [hold.accountId, hold.toAccountId ?? hold.accountId]);
      const present = options.dryRun ? presentDryRun : presentResult;
      return perform(engine, createOperation(captureHold, command, options), (result) =>
        presentCapture(result, (booked) => present(withoutHidden(booked, readable))),
      );
    },
  ),

  post(
    '/holds/:holdId/void',
    {
      id: 'voidHold',
      summary: 'Release all that a hold still reserves',
      ...{ keys: 'any', scope: 'holds:write', offers: accountOperation, params: holdPath, body: voidBody },
      ...{ answers: { 200: holdDocument }, refusals },
    },
    async ({ caller, params: { holdId }, body, options }, { database, engine }) => {
      const by = actingParty(caller, body.by);
      const hold = await getVisible(database, caller, holdId);
      const command = { hold, by, authentication: caller.authentication };
      return perform(engine, createOperation(voidHold, command, options), ok);
    },
  ),

  post(
    '/holds/:holdId/extend',
    {
      id: 'extendHold',
      summary: 'Keep a hold for longer',
      ...{ keys: 'any', scope: 'holds:write', offers: accountOperation, params: holdPath, body: extendBody },
      ...{ answers: { 200: holdDocument }, refusals },
    },
    async ({ caller, params: { holdId }, body, options }, { database, engine }) => {
      const by = actingParty(caller, body.by);
      const hold = await getVisible(database, caller, holdId);
      const command = { hold, by, authentication: caller.authentication, expiresAt: body.expiresAt };
      return perform(engine, createOperation(extendHold, command, options), ok);
    },
  ),
];

function presentCreated(hold: HoldDocument): Success {
  return { status: 201, body: hold, headers: { Location: `/v1/holds/${hold.id}` } };
}

/** Nothing was reserved, so there is no id to look for. Why it could be is for those who may read the account. */
function presentDryHold({ explanation, ...hold }: HoldDocument, readable: ReadonlySet<string> | null): Success {
  const isReadable = readable === null || readable.has(hold.accountId);
  return ok({ ...hold, id: null, status: 'dry_run', ...(isReadable ? { explanation } : {}) });
}

/** As `present` answers the transaction, with the hold next to it. */
function presentCapture({ hold, transaction }: CaptureResult, present: (booked: MovementResult) => Success): Success {
  const answer = present(transaction);
  return { ...answer, body: { hold, transaction: answer.body } };
}
