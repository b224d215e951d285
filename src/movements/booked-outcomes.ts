import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { refusal } from '../errors/refusal.ts';
import { entityTag } from '../ledger/locked-account.ts';
import type { KeptForm, KeptOutcome, Outcome } from '../ledger/operation.ts';
import type { MovementResult } from './book-legs.ts';
import { isPaymentOrder } from './present-movement.ts';
import { asBooked } from './present-transaction.ts';
import { findTransactions } from './transaction-queries.ts';

/** What became of an item of a batch: its outcome, and whether it is that of an earlier request with the item's key. */
export interface ItemAnswer {
  readonly outcome: Outcome<MovementResult>;
  readonly replayed: boolean;
}

/** The same as it is kept. */
interface KeptItem {
  readonly outcome: KeptOutcome;
  readonly replayed: boolean;
}

/**
 * The outcomes of movements and of batches: what was booked is read from the journal, where it never changes, and
 * presented as it was then. Refusals and payment orders, which change, are kept as they were answered.
 */
export const bookedOutcomes: KeptForm = {
  pack(outcome) {
    if ('refusal' in outcome) return outcome;
    const { result } = outcome as { result: MovementResult | readonly ItemAnswer[] };
    if (isBatch(result)) return { ...outcome, result: result.map(packItem) };
    return isPaymentOrder(result) ? outcome : null;
  },
  async unpack(transaction, kept) {
    const ids = kept.flatMap((outcome) => [...transactionIdsOf(outcome)]);
    const booked = await findBooked(transaction, ids);
    return kept.map((outcome) => unpackOutcome(outcome, booked));
  },
};

function isBatch(result: unknown): result is readonly ItemAnswer[] {
  return Array.isArray(result);
}

function packItem({ outcome, replayed }: ItemAnswer): KeptItem {
  if ('refusal' in outcome || isPaymentOrder(outcome.result)) return { outcome, replayed };
  return { outcome: { transactionId: outcome.result.id }, replayed };
}

function* transactionIdsOf(outcome: KeptOutcome): Iterable<string> {
  if ('transactionId' in outcome) yield outcome.transactionId;
  else if ('result' in outcome && Array.isArray(outcome.result)) {
    for (const item of outcome.result as KeptItem[]) yield* transactionIdsOf(item.outcome);
  }
}

function unpackOutcome(kept: KeptOutcome, booked: ReadonlyMap<string, Outcome<MovementResult>>): Outcome<unknown> {
  if ('transactionId' in kept) return booked.get(kept.transactionId)!;
  if (!('result' in kept) || !Array.isArray(kept.result)) return kept;
  const items = kept.result as KeptItem[];
  const unpackItem = ({ outcome, replayed }: KeptItem) => {
    if (!('transactionId' in outcome)) return { outcome, replayed };
    const found = booked.get(outcome.transactionId)!;
    return { outcome: 'refusal' in found ? found : { result: found.result }, replayed };
  };
  return { ...kept, result: items.map(unpackItem) };
}

/** What one that is not in the journal says: the books are wrong, and no other operation need know. */
function notBooked(id: string): Outcome<never> {
  return { refusal: refusal('internal_error', `An idempotency key names transaction ${id}, which is not booked.`) };
}

async function findBooked(
  transaction: LedgerTransaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Outcome<MovementResult>>> {
  if (ids.length === 0) return new Map();
  // Sent together: rows may be locked meanwhile.
  const [documents, tags] = await Promise.all([findTransactions(transaction, ids), findTags(transaction, ids)]);
  return new Map(
    ids.map((id): [string, Outcome<MovementResult>] => {
      const document = documents.get(id);
      if (document === undefined) return [id, notBooked(id)];
      const etag = tags.get(id);
      return [id, { result: asBooked(document), ...(etag === undefined ? {} : { etag }) }];
    }),
  );
}

/** The entity tags that the first accounts of transactions had with them. */
async function findTags(
  { knex, ledgerId }: LedgerTransaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await knex.raw(
    `select distinct on (e.transaction_id) e.transaction_id, e.version, coalesce(t.revision, 0) as revision
     from entries e join transactions t on t.ledger_id = :ledgerId and t.id = e.transaction_id
     where e.ledger_id = :ledgerId and e.transaction_id = any(:ids::uuid[]) and e.version is not null
     order by e.transaction_id, e.id`,
    { ledgerId, ids: [...ids] },
  );
  type Row = { transaction_id: string; version: number; revision: number };
  return new Map(rows.map((row: Row) => [row.transaction_id, entityTag(row)]));
}
