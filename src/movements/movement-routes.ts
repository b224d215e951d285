import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { actingParty, findReadable, hideFromStrangers, requireServiceKey } from '../http/acting-party.ts';
import { ledgerIdOf } from '../http/authenticate.ts';
import { readOperationTerms } from '../http/operation-terms.ts';
import { decodeCursor, encodeCursor, orderQuery, pageOf, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput } from '../http/read-input.ts';
import { sendAnswer } from '../http/send-answer.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createOperation } from '../ledger/operation.ts';
import { createDeposit, createMultiLeg, createTransfer, createWithdrawal } from './create-movement.ts';
import { createReversal } from './create-reversal.ts';
import { listEntries } from './entry-queries.ts';
import type { Movement } from './movement.ts';
import { depositBody, multiLegBody, reversalBody, transferBody, withdrawalBody } from './movement-schemas.ts';
import { postMovement } from './post-movement.ts';
import { postReversal } from './post-reversal.ts';
import { presentDryRun, presentResult, withoutHidden } from './present-movement.ts';
import { refuseStrangers } from './refuse-strangers.ts';
import { getTransaction, listTransactions, transactionNotFound } from './transaction-queries.ts';

const accountPath = z.object({ accountId: id });
const transactionPath = z.object({ transactionId: id });
const noQuery = z.strictObject({});
const listQuery = z.strictObject({ ...pageQuery, order: orderQuery.default('desc') });

/** Deposits, withdrawals, transfers and multi-leg transactions, what they become, and taking it back. */
export function addMovementRoutes(router: Router, { database, engine }: ServiceParts): void {
  async function submit(req: Request, res: Response, asked: Movement): Promise<void> {
    const movement = { ...asked, initiatedBy: actingParty(res, asked.initiatedBy) };
    const readable = await refuseStrangers(database, res, [movement]);
    // The entity tag would tell of an account that is not for this key to read.
    const isTagged = readable === null || readable.has(movement.legs[0]!.accountId);
    const terms = readOperationTerms(req, res, { dryRun: true, ifMatch: isTagged });
    const { outcome, replayed } = await engine.submit(createOperation(postMovement, movement, terms));
    const present = terms.dryRun ? presentDryRun : presentResult;
    const told = isTagged || 'refusal' in outcome ? outcome : { result: outcome.result };
    sendAnswer(res, { outcome: told, replayed }, (result) => present(withoutHidden(result, readable)));
  }

  router
    .route('/transfers')
    .post(async (req, res) => {
      const { fromAccountId, toAccountId, terms } = readInput(transferBody, req.body);
      await submit(req, res, createTransfer(fromAccountId, toAccountId, terms));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/accounts/:accountId/deposits')
    .post(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const terms = readInput(depositBody, req.body);
      await submit(req, res, createDeposit(ledgerIdOf(res), accountId, terms));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/accounts/:accountId/withdrawals')
    .post(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const terms = readInput(withdrawalBody, req.body);
      await submit(req, res, createWithdrawal(ledgerIdOf(res), accountId, terms));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/accounts/:accountId/entries')
    .get(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const { limit, order, cursor } = readInput(listQuery, req.query);
      await hideFromStrangers(database, res, accountId, { right: 'view' });
      const { currency, ownership } = await getAccount(database, ledgerIdOf(res), accountId);
      const clearing = ownership === 'clearing';
      const list = `entries ${accountId} ${order}`;
      const after = decodeCursor<string | number>(list, clearing ? id : z.int().nonnegative(), cursor);
      const page = { limit: limit + 1, order, after };
      const found = await listEntries(database, ledgerIdOf(res), { id: accountId, currency, clearing }, page);
      res.json(pageOf(found, limit, (last) => encodeCursor(list, last.version ?? last.id)));
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/transactions')
    .get(async (req, res) => {
      const { limit, order, cursor } = readInput(listQuery, req.query);
      requireServiceKey(res);
      const list = `transactions ${order}`;
      const afterId = decodeCursor(list, id, cursor);
      const found = await listTransactions(database, ledgerIdOf(res), { limit: limit + 1, afterId, order });
      res.json(pageOf(found, limit, (last) => encodeCursor(list, last.id)));
    })
    .post(async (req, res) => {
      const { legs, notes } = readInput(multiLegBody, req.body);
      await submit(req, res, createMultiLeg(legs, notes));
    })
    .all(methodNotAllowed('GET, POST'));

  router
    .route('/transactions/:transactionId')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const { transactionId } = readInput(transactionPath, req.params);
      const transaction = await getTransaction(database, ledgerIdOf(res), transactionId);
      const accountIds = transaction.entries.map((entry) => entry.accountId);
      const readable = await findReadable(database, res, accountIds);
      if (readable?.size === 0) throw transactionNotFound(transactionId);
      res.json(withoutHidden(transaction, readable));
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/transactions/:transactionId/reversals')
    .post(async (req, res) => {
      requireServiceKey(res);
      const { transactionId } = readInput(transactionPath, req.params);
      const body = readInput(reversalBody, req.body);
      const terms = readOperationTerms(req, res, { dryRun: true, ifMatch: true });
      const original = await getTransaction(database, ledgerIdOf(res), transactionId);
      const answer = await engine.submit(createOperation(postReversal, createReversal(original, body), terms));
      sendAnswer(res, answer, terms.dryRun ? presentDryRun : presentResult);
    })
    .all(methodNotAllowed('POST'));
}
