import { type LedgerTransaction, limitSettings } from '../database/ledger-transaction.ts';
import { sqlState, sqlStateOf } from '../database/sqlstate.ts';
import { RefusalError, refusal } from '../errors/refusal.ts';
import type { Answer, Operation, Outcome } from './operation.ts';

interface StoredKey {
  key: string;
  request_hash: Buffer;
  outcome: Outcome<unknown>;
}

export interface ClaimedKeys {
  /** The answers to those operations whose keys were used before. */
  readonly earlier: Map<Operation<unknown>, Answer<unknown>>;
  /** The database's clock when the keys were claimed; undefined when there was none left to claim. */
  readonly now: Date | undefined;
}

/**
 * Begins a transaction: puts its limits into force and claims the idempotency keys of these operations, sorted, before any account is locked, and returns the answers to
 * those whose keys were used before: the stored one, or the refusal `idempotency_key_reused` when the request differs.
 *
 * A key that another transaction has claimed and not yet committed makes the insert wait, up to the transaction's lock
 * timeout: that other request is about to leave its answer for us (PostgreSQL manual, INSERT, "ON CONFLICT"). Throws
 * RefusalError `idempotency_in_progress` when the wait runs out.
 */
export async function claimIdempotencyKeys(
  transaction: LedgerTransaction,
  operations: readonly Operation<unknown>[],
): Promise<ClaimedKeys> {
  const { knex, ledgerId } = transaction;
  const limits = limitSettings(transaction.limits);
  const claims = operations.map(({ idempotencyKey, requestHash }) => ({
    key: idempotencyKey,
    request_hash: requestHash.toString('hex'),
  }));
  let claimed: Array<{ key: string; now: Date }>;
  try {
    const inserted = await knex.raw(
      `with limits as materialized (${limits.sql})
       insert into idempotency_keys (ledger_id, key, request_hash)
       select ?::uuid, key, decode(request_hash, 'hex')
       from limits, json_to_recordset(?::json) as claim (key text, request_hash text)
       order by key
       on conflict do nothing
       returning key, clock_timestamp() as now`,
      [...limits.bindings, ledgerId, JSON.stringify(claims)],
    );
    claimed = inserted.rows;
  } catch (error) {
    if (sqlStateOf(error) === sqlState.lockNotAvailable) throw inProgress(error);
    throw error;
  }
  const keys = new Set(claimed.map(({ key }) => key));
  const used = operations.filter((operation) => !keys.has(operation.idempotencyKey));
  const earlier = used.length === 0 ? new Map() : await findAnswers(transaction, used);
  return { earlier, now: claimed.at(-1)?.now };
}

async function findAnswers(
  transaction: LedgerTransaction,
  operations: readonly Operation<unknown>[],
): Promise<Map<Operation<unknown>, Answer<unknown>>> {
  const keys = operations.map((operation) => operation.idempotencyKey);
  const rows = await transaction
    .knex<StoredKey>('idempotency_keys')
    .select('key', 'request_hash', 'outcome')
    .where('ledger_id', transaction.ledgerId)
    .whereRaw('key = any(?::text[])', [keys]);
  const stored = new Map(rows.map((row) => [row.key, row]));
  return new Map(
    operations.map((operation) => {
      const row = stored.get(operation.idempotencyKey);
      // Expired and removed between the claim and this look: the caller's next try claims it anew.
      if (row === undefined) throw inProgress(undefined);
      const same = row.request_hash.equals(operation.requestHash);
      return [operation, same ? { outcome: row.outcome, replayed: true } : reused(row.key)];
    }),
  );
}

function reused(key: string): Answer<never> {
  const detail = `The Idempotency-Key ${key} belongs to an earlier, different request. Use a new key for a new request.`;
  return { outcome: { refusal: refusal('idempotency_key_reused', detail) }, replayed: false };
}

function inProgress(cause: unknown): RefusalError {
  const detail = 'An earlier request with this Idempotency-Key has not finished yet. Try again to get its answer.';
  return new RefusalError('idempotency_in_progress', detail, { retryAfterSeconds: 1 }, { cause });
}
