import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import type { Answer, KeptAnswer, Operation } from './operation.ts';

/** The answers to keys that were used before, for the operations that claimed them. */
export async function unpackAnswers(
  transaction: LedgerTransaction,
  operations: readonly Operation<unknown>[],
  kept: ReadonlyMap<string, KeptAnswer>,
): Promise<ReadonlyMap<string, Answer<unknown>>> {
  const answers = new Map<string, Answer<unknown>>();
  for (const [key, { outcome, replayed }] of kept)
    if (!('transactionId' in outcome)) answers.set(key, { outcome, replayed });
  if (kept.size === 0) return answers;
  for (const form of new Set(operations.flatMap(({ kind }) => kind.keptForm ?? []))) {
    const ofForm = operations.filter(({ kind }) => kind.keptForm === form);
    const keys = ofForm
      .flatMap(({ idempotencyKey, itemKeys }) => [idempotencyKey, ...itemKeys.map((claim) => claim.idempotencyKey)])
      .filter((key) => kept.has(key));
    const outcomes = await form.unpack(
      transaction,
      keys.map((key) => kept.get(key)!.outcome),
    );
    for (const [index, key] of keys.entries()) {
      answers.set(key, { outcome: outcomes[index]!, replayed: kept.get(key)!.replayed });
    }
  }
  return answers;
}
