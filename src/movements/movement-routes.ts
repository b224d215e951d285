import { z } from 'zod';
import { accountPath } from '../accounts/account-schemas.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import { id } from '../http/read-input.ts';
import { perform, type Reply } from '../http/reply.ts';
import { accountOperation, post } from '../http/route.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { bookingRefusals } from '../http/shared-refusals.ts';
import { createOperation, type OperationOptions } from '../ledger/operation.ts';
import { dryPaymentOrderDocument, paymentOrderDocument } from '../payment-orders/payment-order.ts';
import { createDeposit, createMultiLeg, createTransfer, createWithdrawal } from './create-movement.ts';
import { createReversal } from './create-reversal.ts';
import type { Movement } from './movement.ts';
import { movementOfCaller } from './movement-of-caller.ts';
import { creditRefusals, debitRefusals } from './movement-refusals.ts';
import { depositBody, multiLegBody, reversalBody, transferBody, withdrawalBody } from './movement-schemas.ts';
import { plainMovement, plainTransfer } from './plain-bodies.ts';
import { postMovement } from './post-movement.ts';
import { postReversal } from './post-reversal.ts';
import { presentDryRun, presentResult, withoutHidden } from './present-movement.ts';
import { dryTransactionDocument, transactionDocument } from './present-transaction.ts';
import { refuseStrangers } from './refuse-strangers.ts';
import { getTransaction } from './transaction-queries.ts';

const transactionPath = z.object({ transactionId: id });
const offers = { ...accountOperation, dryRun: true } as const;
/** Booked, or would be. */
const booked = { 200: dryTransactionDocument, 201: transactionDocument } as const;
/** Booked, or waiting for signatures. */
const bookedOrWaiting = {
  200: z.union([dryTransactionDocument, dryPaymentOrderDocument]),
  201: transactionDocument,
  202: paymentOrderDocument,
} as const;

async function submit(
  asked: Movement,
  caller: Caller,
  options: OperationOptions,
  { database, engine }: ServiceParts,
): Promise<Reply> {
  const movement = movementOfCaller(caller, asked);
  const readable = await refuseStrangers(database, caller, [movement]);
  const present = options.dryRun ? presentDryRun : presentResult;
  return perform(engine, createOperation(postMovement, movement, options), (result) =>
    present(withoutHidden(result, readable)),
  );
}

/** Deposits, withdrawals, transfers and multi-leg transactions, and taking them back. */
export const movementRoutes = [
  post(
    '/transfers',
    {
      id: 'createTransfer',
      summary: 'Move money from one account to another',
      ...{
        keys: 'any',
        scope: 'movements:write',
        offers,
        body: transferBody,
        plain: plainTransfer,
        answers: bookedOrWaiting,
      },
      refusals: [...debitRefusals, 'external_id_taken', 'too_many_payment_orders', 'booked_in_the_future'],
      examples: {
        'A share of the rent': {
          fromAccountId: '01936f00-0000-7000-8000-000000000101',
          toAccountId: '01936f00-0000-7000-8000-000000000102',
          ...{ amount: '40.00', currency: 'USD', reference: 'Rent 2026-11' },
        },
      },
    },
    ({ caller, body, options }, parts) =>
      submit(createTransfer(body.fromAccountId, body.toAccountId, body.details), caller, options, parts),
  ),

  post(
    '/accounts/:accountId/deposits',
    {
      id: 'createDeposit',
      summary: 'Pay money in from outside the ledger',
      ...{
        keys: 'any',
        scope: 'movements:write',
        offers,
        params: accountPath,
        body: depositBody,
        plain: plainMovement,
        answers: booked,
      },
      refusals: [...creditRefusals, 'external_id_taken', 'booked_in_the_future'],
      examples: { 'A salary': { amount: '100.00', currency: 'USD', description: 'Salary' } },
    },
    ({ caller, params, body, options }, parts) =>
      submit(createDeposit(caller.ledgerId, params.accountId, body), caller, options, parts),
  ),

  post(
    '/accounts/:accountId/withdrawals',
    {
      id: 'createWithdrawal',
      summary: 'Pay money out of the ledger',
      ...{
        keys: 'any',
        scope: 'movements:write',
        offers,
        params: accountPath,
        body: withdrawalBody,
        plain: plainMovement,
        answers: bookedOrWaiting,
      },
      refusals: [...debitRefusals, 'external_id_taken', 'too_many_payment_orders', 'booked_in_the_future'],
      examples: { 'At a cash machine': { amount: '100.00', currency: 'USD' } },
    },
    ({ caller, params, body, options }, parts) =>
      submit(createWithdrawal(caller.ledgerId, params.accountId, body), caller, options, parts),
  ),

  post(
    '/transactions',
    {
      id: 'createTransaction',
      summary: 'Move money between 2 to 100 accounts at once',
      ...{ keys: 'any', scope: 'movements:write', offers, body: multiLegBody, answers: booked },
      refusals: [...debitRefusals, 'external_id_taken', 'signatures_missing', 'booked_in_the_future'],
      examples: {
        'A payment with a fee': {
          entries: [
            { accountId: '01936f00-0000-7000-8000-000000000101', amount: '-50.00', currency: 'USD' },
            { accountId: '01936f00-0000-7000-8000-000000000102', amount: '49.25', currency: 'USD' },
            { accountId: '01936f00-0000-7000-8000-000000000103', amount: '0.75', currency: 'USD' },
          ],
        },
      },
    },
    ({ caller, body, options }, parts) => submit(createMultiLeg(body.legs, body.notes), caller, options, parts),
  ),

  post(
    '/transactions/:transactionId/reversals',
    {
      id: 'createReversal',
      summary: 'Take a transaction back, wholly or partly',
      ...{
        keys: 'service',
        scope: 'movements:unsigned',
        offers,
        params: transactionPath,
        body: reversalBody,
        answers: booked,
      },
      refusals: [...bookingRefusals, 'transaction_not_found', 'reversal_not_possible', 'already_reversed'],
      examples: { 'All that is left of it': { reason: 'Paid twice' } },
    },
    async ({ caller, params: { transactionId }, body, options }, { database, engine }) => {
      const original = await getTransaction(sourceOf(caller, database), transactionId);
      const operation = createOperation(postReversal, createReversal(original, body, caller.authentication), options);
      return perform(engine, operation, options.dryRun ? presentDryRun : presentResult);
    },
  ),
];
