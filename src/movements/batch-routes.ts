import { z } from 'zod';
import { invalidInput } from '../errors/invalid-input.ts';
import type { Caller } from '../http/caller.ts';
import { hashRequest, keyOfCaller } from '../http/operation-options.ts';
import { presentProblem, problemMembers } from '../http/problem.ts';
import { perform, type Success } from '../http/reply.ts';
import { operation, post } from '../http/route.ts';
import { createOperation, type KeyClaim } from '../ledger/operation.ts';
import { metrics } from '../metrics/service-metrics.ts';
import { findKnownAccounts, type KnownAccounts, toldRefusal } from '../ownership/guarded-engine.ts';
import type { ReadableAccounts } from '../ownership/visible-accounts.ts';
import { dryPaymentOrderDocument, paymentOrderDocument } from '../payment-orders/payment-order.ts';
import type { ItemAnswer } from './booked-outcomes.ts';
import { createDeposit, createMultiLeg, createTransfer, createWithdrawal } from './create-movement.ts';
import type { Movement } from './movement.ts';
import { movementOfCaller } from './movement-of-caller.ts';
import { type BatchItemInput, batchBody } from './movement-schemas.ts';
import { plainBatch } from './plain-bodies.ts';
import { postBatch } from './post-batch.ts';
import { isPaymentOrder, presentDryRun, presentResult, withoutHidden } from './present-movement.ts';
import { dryTransactionDocument, transactionDocument } from './present-transaction.ts';
import { refuseStrangers } from './refuse-strangers.ts';

/**
 * With the status that the call by itself would have had; `replayed` where that is the stored answer to the item's key.
 */
const result = { status: z.int(), replayed: z.literal(true).exactOptional() };

const batchDocument = z.strictObject({
  /** In the order of the items. */
  results: z.array(
    z.union([
      z.strictObject({ ...result, transaction: z.union([transactionDocument, dryTransactionDocument]) }),
      z.strictObject({ ...result, paymentOrder: z.union([paymentOrderDocument, dryPaymentOrderDocument]) }),
      z.strictObject({ ...result, problem: z.looseObject(problemMembers) }),
    ]),
  ),
});

/** Many movements in one request, committed together. */
export const batchRoutes = [
  post(
    '/batches',
    {
      id: 'createBatch',
      summary: 'Move money up to 1,000 times, all or each by itself',
      ...{
        keys: 'any',
        scope: 'movements:write',
        offers: { ...operation, dryRun: true },
        body: batchBody,
        plain: plainBatch,
        answers: { 200: batchDocument },
      },
      // An item may be refused with any code of its own call; that stands in its result.
      refusals: ['key_not_allowed', 'right_missing', 'account_not_found', 'batch_item_refused', 'booked_in_the_future'],
      examples: {
        'Two that stand or fall together': {
          atomic: true,
          items: [
            {
              ...{ type: 'deposit', accountId: '01936f00-0000-7000-8000-000000000101' },
              ...{ amount: '100.00', currency: 'USD', idempotencyKey: 'pay-7-1' },
            },
            {
              type: 'transfer',
              fromAccountId: '01936f00-0000-7000-8000-000000000101',
              toAccountId: '01936f00-0000-7000-8000-000000000102',
              ...{ amount: '40.00', currency: 'USD', idempotencyKey: 'pay-7-2' },
            },
          ],
        },
      },
    },
    async ({ caller, body: { atomic, items }, sent, options }, { database, engine }) => {
      refuseRepeatedKeys(caller, options.idempotencyKey, items);
      const sentItems = (sent as { items: Record<string, unknown>[] }).items;
      const batch = {
        atomic,
        items: items.map((item, index) => ({
          movement: createMovement(caller, item),
          key: claimItemKey(caller, item, sentItems[index]!),
        })),
      };
      const movements = batch.items.map((item) => item.movement);
      const readable = await refuseStrangers(database, caller, movements);
      const accountIds = movements.flatMap(({ legs }) => legs.map((leg) => leg.accountId));
      const known = await findKnownAccounts(database, caller, accountIds);
      const present = (answers: readonly ItemAnswer[]) => presentBatch(answers, options.dryRun, readable, known);
      return perform(engine, createOperation(postBatch, batch, options), present);
    },
  ),
];

function createMovement(caller: Caller, item: BatchItemInput): Movement {
  return movementOfCaller(caller, readMovement(caller.ledgerId, item));
}

function readMovement(ledgerId: string, item: BatchItemInput): Movement {
  switch (item.type) {
    case 'deposit':
      return createDeposit(ledgerId, item.accountId, item.details);
    case 'withdrawal':
      return createWithdrawal(ledgerId, item.accountId, item.details);
    case 'transfer':
      return createTransfer(item.fromAccountId, item.toAccountId, item.details);
    case 'multi_leg':
      return createMultiLeg(item.legs, item.notes);
  }
}

function refuseRepeatedKeys(caller: Caller, batchKey: string, items: readonly BatchItemInput[]): void {
  const seen = new Set([batchKey]);
  const errors = [];
  for (const [index, { idempotencyKey }] of items.entries()) {
    if (idempotencyKey === null) continue;
    const key = keyOfCaller(caller, idempotencyKey);
    if (seen.has(key)) {
      errors.push({
        path: `items.${index}.idempotencyKey`,
        message: "must differ from all others and the batch's own",
      });
    }
    seen.add(key);
  }
  if (errors.length > 0) throw invalidInput(errors);
}

/** An item is the same request as the call that it stands for, so that its key may be used for either. */
function claimItemKey(
  caller: Caller,
  { idempotencyKey }: BatchItemInput,
  sent: Record<string, unknown>,
): KeyClaim | null {
  if (idempotencyKey === null) return null;
  return { idempotencyKey: keyOfCaller(caller, idempotencyKey), requestHash: hashItem(sent) };
}

function hashItem({ type, idempotencyKey: _key, ...body }: Record<string, unknown>): Buffer {
  if (type === 'transfer') return hashRequest('POST', '/v1/transfers', body);
  if (type === 'multi_leg') return hashRequest('POST', '/v1/transactions', body);
  const { accountId, ...rest } = body;
  return hashRequest('POST', `/v1/accounts/${accountId}/${type}s`, rest);
}

function presentBatch(
  answers: readonly ItemAnswer[],
  dryRun: boolean,
  readable: ReadableAccounts | null,
  known: KnownAccounts | null,
): Success {
  const results = answers.map(({ outcome, replayed }) => {
    const again = replayed ? { replayed: true } : {};
    if ('refusal' in outcome) {
      metrics.refusals.inc({ code: outcome.refusal.code });
      const problem = presentProblem(toldRefusal(outcome.refusal, known));
      return { status: problem.status, ...again, problem };
    }
    const result = withoutHidden(outcome.result, readable);
    const { status, body } = dryRun ? presentDryRun(result) : presentResult(result);
    return isPaymentOrder(outcome.result)
      ? { status, ...again, paymentOrder: body }
      : { status, ...again, transaction: body };
  });
  return { status: 200, body: { results } };
}
