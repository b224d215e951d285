import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { ledgerIdOf } from '../http/authenticate.ts';
import { readOperationTerms } from '../http/operation-terms.ts';
import { decodeCursor, encodeCursor, orderQuery, pageOf, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput } from '../http/read-input.ts';
import { sendAnswer } from '../http/send-answer.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createOperation } from '../ledger/operation.ts';
import { createDeposit, createMultiLeg, createTransfer, createWithdrawal } from './create-movement.ts';
import type { Movement } from './decide-movement.ts';
import { listEntries } from './entry-queries.ts';
import { movementBody, multiLegBody, transferBody } from './movement-schemas.ts';
import { postMovement } from './post-movement.ts';
import { presentBooked, presentDryRun } from './present-transaction.ts';
import { getTransaction, listTransactions } from './transaction-queries.ts';

const accountPath = z.object({ accountId: id });
const transactionPath = z.object({ transactionId: id });
const noQuery = z.strictObject({});
const listQuery = z.strictObject({ ...pageQuery, order: orderQuery.default('desc') });

/** Deposits, withdrawals, transfers and multi-leg transactions, and the transactions and entries they become. */
export function addMovementRoutes(router: Router, { database, engine }: ServiceParts): void {
  async function submit(req: Request, res: Response, movement: Movement): Promise<void> {
    const terms = readOperationTerms(req, res, { dryRun: true });
    const answer = await engine.submit(createOperation(postMovement, movement, terms));
    sendAnswer(res, answer, terms.dryRun ? presentDryRun : presentBooked);
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
      const terms = readInput(movementBody, req.body);
      await submit(req, res, createDeposit(ledgerIdOf(res), accountId, terms));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/accounts/:accountId/withdrawals')
    .post(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const terms = readInput(movementBody, req.body);
      await submit(req, res, createWithdrawal(ledgerIdOf(res), accountId, terms));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/accounts/:accountId/entries')
    .get(async (req, res) => {
      const { accountId } = readInput(accountPath, req.params);
      const { limit, order, cursor } = readInput(listQuery, req.query);
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
      res.json(await getTransaction(database, ledgerIdOf(res), transactionId));
    })
    .all(methodNotAllowed('GET'));
}
