import type { Response, Router } from 'express';
import { z } from 'zod';
import { findReadable, hideFromStrangers, requireServiceKey } from '../http/acting-party.ts';
import { boundPartyOf, ledgerIdOf } from '../http/authenticate.ts';
import { getMoney } from '../http/money-fields.ts';
import { readOperationTerms } from '../http/operation-terms.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput } from '../http/read-input.ts';
import { type Success, sendAnswer, sendSuccess } from '../http/send-answer.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { entityTag } from '../ledger/locked-account.ts';
import { createOperation } from '../ledger/operation.ts';
import { accountNotFound } from '../ledger/refuse-account.ts';
import { type AccountDocument, findAccountByExternalId, getAccount, listAccounts } from './account-queries.ts';
import {
  balanceQuery,
  balancesQuery,
  createAccountBody,
  externalId,
  patchAccountBody,
  putAccountBody,
} from './account-schemas.ts';
import { getBalanceAt } from './balance-at.ts';
import { getBalances } from './balance-queries.ts';
import { closeAccount } from './close-account.ts';
import { type OpenAccountResult, openAccount } from './open-account.ts';
import { createTimeZoneCheck } from './time-zone.ts';
import { updateAccount } from './update-account.ts';

const accountPath = z.object({ accountId: id });
const externalIdPath = z.object({ externalId });
const listQuery = z.strictObject({ ...pageQuery, ownership: z.enum(['clearing']).optional() });
const noQuery = z.strictObject({});
const noBody = z.strictObject({}).optional();

/** Accounts: opening, reading, closing, and their balances. */
export function addAccountRoutes(router: Router, { database, engine }: ServiceParts): void {
  const refuseUnknownTimeZone = createTimeZoneCheck(database);

  router
    .route('/accounts')
    .post(async (req, res) => {
      const body = readInput(createAccountBody, req.body);
      requireServiceKey(res);
      await refuseUnknownTimeZone(body.timeZone, 'timeZone');
      const command = { ...body, id: createId(), externalId: body.externalId ?? null, whenTaken: 'refuse' as const };
      const terms = readOperationTerms(req, res, { dryRun: false, ifMatch: false });
      sendAnswer(res, await engine.submit(createOperation(openAccount, command, terms)), presentOpened);
    })
    .get(async (req, res) => {
      const { limit, cursor, ownership } = readInput(listQuery, req.query);
      const list = `accounts ${ownership ?? ''}`;
      const page = {
        ...{ limit: limit + 1, afterId: decodeCursor(list, id, cursor), clearing: ownership === 'clearing' },
        viewer: boundPartyOf(res),
      };
      const found = await listAccounts(database, ledgerIdOf(res), page);
      res.json(pageOf(found, limit, (last) => encodeCursor(list, last.id)));
    })
    .all(methodNotAllowed('GET, POST'));

  router
    .route('/accounts/by-external-id/:externalId')
    .put(async (req, res) => {
      const path = readInput(externalIdPath, req.params);
      const body = readInput(putAccountBody, req.body);
      requireServiceKey(res);
      await refuseUnknownTimeZone(body.timeZone, 'timeZone');
      const terms = readOperationTerms(req, res, { dryRun: false, ifMatch: false });
      const existing = await findAccountByExternalId(database, ledgerIdOf(res), path.externalId);
      if (existing !== undefined) {
        sendSuccess(res, presentOpened({ account: existing, created: false }));
        return;
      }
      const command = { ...body, ...path, id: createId(), whenTaken: 'answerExisting' as const };
      sendAnswer(res, await engine.submit(createOperation(openAccount, command, terms)), presentOpened);
    })
    .all(methodNotAllowed('PUT'));

  router
    .route('/accounts/:accountId')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const { accountId } = readInput(accountPath, req.params);
      await hideFromStrangers(database, res, accountId, { right: 'view' });
      sendSuccess(res, presentAccount(await getAccount(database, ledgerIdOf(res), accountId)));
    })
    .patch(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const body = readInput(patchAccountBody, req.body);
      requireServiceKey(res);
      await refuseUnknownTimeZone(body.timeZone, 'timeZone');
      const terms = readOperationTerms(req, res, { dryRun: false, ifMatch: true });
      const command = {
        ...{ accountId, name: body.name, timeZone: body.timeZone, survivorship: body.survivorship },
        overdraftLimit: await readOverdraftLimit(res, accountId, body.overdraftLimit),
      };
      sendAnswer(res, await engine.submit(createOperation(updateAccount, command, terms)), presentAccount);
    })
    .all(methodNotAllowed('GET, PATCH'));

  router
    .route('/accounts/:accountId/close')
    .post(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      readInput(noBody, req.body);
      requireServiceKey(res);
      const terms = readOperationTerms(req, res, { dryRun: false, ifMatch: true });
      const command = { accountId };
      sendAnswer(res, await engine.submit(createOperation(closeAccount, command, terms)), presentAccount);
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/accounts/:accountId/balances')
    .get(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const { at } = readInput(balanceQuery, req.query);
      await hideFromStrangers(database, res, accountId, { right: 'view' });
      if (at !== undefined) {
        res.json(await getBalanceAt(database, ledgerIdOf(res), accountId, at));
        return;
      }
      const [balance] = await getBalances(database, ledgerIdOf(res), [accountId]);
      res.json({ ...balance, at: new Date().toISOString() });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/balances')
    .get(async (req, res) => {
      const { accountIds } = readInput(balancesQuery, req.query);
      const readable = await findReadable(database, res, accountIds);
      const hidden = readable === null ? undefined : accountIds.find((accountId) => !readable.has(accountId));
      if (hidden !== undefined) throw accountNotFound(hidden);
      res.json({ data: await getBalances(database, ledgerIdOf(res), accountIds) });
    })
    .all(methodNotAllowed('GET'));

  /** The limit in the account's currency, which never changes. */
  async function readOverdraftLimit(res: Response, accountId: string, text: string | undefined) {
    if (text === undefined) return undefined;
    const { currency } = await getAccount(database, ledgerIdOf(res), accountId);
    return getMoney(text, currency, 'overdraftLimit');
  }
}

function presentOpened({ account, created }: OpenAccountResult): Success {
  const { headers } = presentAccount(account);
  return {
    status: created ? 201 : 200,
    body: account,
    headers: { ...headers, Location: `/v1/accounts/${account.id}` },
  };
}

function presentAccount(account: AccountDocument): Success & { headers: Record<string, string> } {
  const { version, revision } = account;
  return { status: 200, body: account, headers: version === null ? {} : { ETag: entityTag({ version, revision }) } };
}
