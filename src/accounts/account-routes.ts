import type { Request, Router } from 'express';
import { z } from 'zod';
import { ledgerIdOf } from '../http/authenticate.ts';
import { readOperationTerms } from '../http/operation-terms.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, invalidInput, readInput } from '../http/read-input.ts';
import { type Success, sendAnswer, sendSuccess } from '../http/send-answer.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { type AccountDocument, findAccountByExternalId, getAccount, listAccounts } from './account-queries.ts';
import { balanceQuery, balancesQuery, createAccountBody, externalId, putAccountBody } from './account-schemas.ts';
import { getBalanceAt, getBalances } from './balance-queries.ts';
import { closeAccount } from './close-account.ts';
import { type OpenAccountResult, openAccount } from './open-account.ts';

const accountPath = z.object({ accountId: id });
const externalIdPath = z.object({ externalId });
const listQuery = z.strictObject({ ...pageQuery, ownership: z.enum(['clearing']).optional() });
const noQuery = z.strictObject({});
const noBody = z.strictObject({}).optional();

/** Accounts: opening, reading, closing, and their balances. */
export function addAccountRoutes(router: Router, { database, engine }: ServiceParts): void {
  router
    .route('/accounts')
    .post(async (req, res) => {
      const body = readInput(createAccountBody, req.body);
      const command = { ...body, id: createId(), externalId: body.externalId ?? null, whenTaken: 'refuse' as const };
      const terms = readOperationTerms(req, res, { dryRun: false });
      sendAnswer(res, await engine.submit(createOperation(openAccount, command, terms)), presentOpened);
    })
    .get(async (req, res) => {
      const { limit, cursor, ownership } = readInput(listQuery, req.query);
      const list = `accounts ${ownership ?? ''}`;
      const page = { limit: limit + 1, afterId: decodeCursor(list, id, cursor), clearing: ownership === 'clearing' };
      const found = await listAccounts(database, ledgerIdOf(res), page);
      res.json(pageOf(found, limit, (last) => encodeCursor(list, last.id)));
    })
    .all(methodNotAllowed('GET, POST'));

  router
    .route('/accounts/by-external-id/:externalId')
    .put(async (req, res) => {
      const path = readInput(externalIdPath, req.params);
      const body = readInput(putAccountBody, req.body);
      const terms = readOperationTerms(req, res, { dryRun: false });
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
      sendSuccess(res, presentAccount(await getAccount(database, ledgerIdOf(res), accountId)));
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/accounts/:accountId/close')
    .post(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      readInput(noBody, req.body);
      const terms = readOperationTerms(req, res, { dryRun: false });
      const command = { accountId, expectedVersion: readExpectedVersion(req) };
      sendAnswer(res, await engine.submit(createOperation(closeAccount, command, terms)), presentAccount);
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/accounts/:accountId/balances')
    .get(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const { at } = readInput(balanceQuery, req.query);
      const balance =
        at === undefined
          ? (await getBalances(database, ledgerIdOf(res), [accountId]))[0]
          : await getBalanceAt(database, ledgerIdOf(res), accountId, at);
      res.json({ ...balance, at: (at ?? new Date()).toISOString() });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/balances')
    .get(async (req, res) => {
      const { accountIds } = readInput(balancesQuery, req.query);
      res.json({ data: await getBalances(database, ledgerIdOf(res), accountIds) });
    })
    .all(methodNotAllowed('GET'));
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
  if (account.version === null) return { status: 200, body: account, headers: {} };
  // Closing is no entry and leaves the version; what the account looks like has changed all the same.
  const closed = account.status === 'closed' ? '-closed' : '';
  return { status: 200, body: account, headers: { ETag: `"${account.version}${closed}"` } };
}

/** The version in `If-Match` (RFC 9110, section 13.1.1), null without one or with `*`. */
function readExpectedVersion(req: Request): number | null {
  const header = req.get('If-Match');
  if (header === undefined || header.trim() === '*') return null;
  const version = /^\s*"(\d{1,15})(?:-closed)?"\s*$/.exec(header)?.[1];
  if (version === undefined) {
    throw invalidInput([{ path: 'If-Match', message: 'must be the ETag of the account, such as "8"' }]);
  }
  return Number.parseInt(version, 10);
}
