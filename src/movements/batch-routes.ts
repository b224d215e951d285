import type { Response, Router } from 'express';
import { actingParty } from '../http/acting-party.ts';
import { ledgerIdOf } from '../http/authenticate.ts';
import { hashRequest, keyOfCaller, readOperationTerms } from '../http/operation-terms.ts';
import { methodNotAllowed, presentProblem } from '../http/problem.ts';
import { invalidInput, readInput } from '../http/read-input.ts';
import { type Success, sendAnswer } from '../http/send-answer.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createOperation, type KeyClaim } from '../ledger/operation.ts';
import { metrics } from '../metrics/service-metrics.ts';
import { createDeposit, createMultiLeg, createTransfer, createWithdrawal } from './create-movement.ts';
import type { Movement } from './movement.ts';
import { type BatchItemInput, batchBody } from './movement-schemas.ts';
import { type ItemAnswer, postBatch } from './post-batch.ts';
import { isPaymentOrder, presentDryRun, presentResult, withoutHidden } from './present-movement.ts';
import { refuseStrangers } from './refuse-strangers.ts';

/** Many movements in one request, committed together. */
export function addBatchRoutes(router: Router, { database, engine }: ServiceParts): void {
  router
    .route('/batches')
    .post(async (req, res) => {
      const { atomic, items } = readInput(batchBody, req.body);
      const terms = readOperationTerms(req, res, { dryRun: true, ifMatch: false });
      refuseRepeatedKeys(req.get('Idempotency-Key'), items);
      const batch = {
        atomic,
        items: items.map((item, index) => ({
          movement: createMovement(res, item),
          key: claimItemKey(res, item, req.body.items[index]),
        })),
      };
      const readable = await refuseStrangers(
        database,
        res,
        batch.items.map((item) => item.movement),
      );
      const answer = await engine.submit(createOperation(postBatch, batch, terms));
      sendAnswer(res, answer, (answers) => presentBatch(answers, terms.dryRun, readable));
    })
    .all(methodNotAllowed('POST'));
}

function createMovement(res: Response, item: BatchItemInput): Movement {
  const movement = readMovement(ledgerIdOf(res), item);
  return { ...movement, initiatedBy: actingParty(res, movement.initiatedBy) };
}

function readMovement(ledgerId: string, item: BatchItemInput): Movement {
  switch (item.type) {
    case 'deposit':
      return createDeposit(ledgerId, item.accountId, item.terms);
    case 'withdrawal':
      return createWithdrawal(ledgerId, item.accountId, item.terms);
    case 'transfer':
      return createTransfer(item.fromAccountId, item.toAccountId, item.terms);
    case 'multi_leg':
      return createMultiLeg(item.legs, item.notes);
  }
}

function refuseRepeatedKeys(batchKey: string | undefined, items: readonly BatchItemInput[]): void {
  const seen = new Set([batchKey]);
  const errors = [];
  for (const [index, { idempotencyKey }] of items.entries()) {
    if (idempotencyKey === null) continue;
    if (seen.has(idempotencyKey)) {
      errors.push({
        path: `items.${index}.idempotencyKey`,
        message: "must differ from all others and the batch's own",
      });
    }
    seen.add(idempotencyKey);
  }
  if (errors.length > 0) throw invalidInput(errors);
}

/** An item is the same request as the call that it stands for, so that its key may be used for either. */
function claimItemKey(
  res: Response,
  { idempotencyKey }: BatchItemInput,
  sent: Record<string, unknown>,
): KeyClaim | null {
  if (idempotencyKey === null) return null;
  return { idempotencyKey: keyOfCaller(res, idempotencyKey), requestHash: hashItem(sent) };
}

function hashItem({ type, idempotencyKey: _key, ...body }: Record<string, unknown>): Buffer {
  if (type === 'transfer') return hashRequest('POST', '/v1/transfers', body);
  if (type === 'multi_leg') return hashRequest('POST', '/v1/transactions', body);
  const { accountId, ...rest } = body;
  return hashRequest('POST', `/v1/accounts/${accountId}/${type}s`, rest);
}

function presentBatch(answers: readonly ItemAnswer[], dryRun: boolean, readable: ReadonlySet<string> | null): Success {
  const results = answers.map(({ outcome, replayed }) => {
    const again = replayed ? { replayed: true } : {};
    if ('refusal' in outcome) {
      metrics.refusals.inc({ code: outcome.refusal.code });
      const problem = presentProblem(outcome.refusal);
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
