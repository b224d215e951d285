import { fixedStatement } from '../database/fixed-statement.ts';
import { type LedgerTransaction, limitBindings, limitSettings, openLedger } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import { isDistributed, onOneServer } from '../database/server-kind.ts';
import { sqlState, sqlStateOf } from '../database/sqlstate.ts';
import { hasBegun } from '../database/unawaited-begin.ts';
import { RefusalError, refusal } from '../errors/refusal.ts';
import { arraysOf, type Columns, namesOf, of, ofText, unnest } from './column-arrays.ts';
import type { KeptAnswer, KeyClaim, Outcome } from './operation.ts';
import { machineClock } from './trusted-clock.ts';

interface StoredKey {
  key: string;
  request_hash: Buffer;
  /** Null where the transaction says it. */
  outcome: Outcome<unknown> | null;
  transaction_id: string | null;
}

/** What is known of the idempotency keys that a transaction claimed. */
export interface ClaimedKeys {
  /** The answers of those that were used before. All others are ours now. */
  readonly earlier: ReadonlyMap<string, KeptAnswer>;
  /** The database's clock when keys were claimed; undefined when all were used before. */
  readonly now: Date | undefined;
}

/**
 * Begins a transaction: puts its limits into force and claims these idempotency keys, sorted, before any account is
 * locked. Finds the answers to those that were used before: the kept one, or the refusal `idempotency_key_reused`
 * when the request differs. No key may stand twice in `claims`.
 *
 * A key that another transaction has claimed and not yet committed makes the insert wait, up to the transaction's lock
 * timeout: that other request is about to leave its answer for us (PostgreSQL manual, INSERT, "ON CONFLICT"). Throws
 * RefusalError `idempotency_in_progress` when the wait runs out.
 */
export async function claimIdempotencyKeys(
  transaction: LedgerTransaction,
  claims: readonly KeyClaim[],
): Promise<ClaimedKeys> {
  const insert = isDistributed(transaction.knex) ? openAndInsert : openByInserting;
  let inserted: InsertedKeys;
  try {
    inserted = await insert(transaction, claims);
  } catch (error) {
    if (sqlStateOf(error) === sqlState.lockNotAvailable) throw inProgress(error);
    throw error;
  }
  const { claimed, now } = inserted;
  if (claimed.length === claims.length) return { earlier: new Map(), now };
  const ours = new Set(claimed);
  const used = claims.filter((claim) => !ours.has(claim.idempotencyKey));
  const earlier = await findKeptAnswers(transaction, used);
  // Expired and removed between the claim and this look: the caller's next try claims it anew.
  if (earlier.size < used.length) throw inProgress(undefined);
  return { earlier, now };
}

interface InsertedKeys {
  /** Those that are ours now. */
  readonly claimed: readonly string[];
  readonly now: Date | undefined;
}

const claimColumns: Columns<KeyClaim> = {
  key: ofText((claim) => claim.idempotencyKey),
  request_hash: of('bytea', (claim) => `"\\\\x${claim.requestHash.toString('hex')}"`),
  transaction_id: of('uuid', (claim) => claim.transactionId),
};
const claimed = `${unnest(claimColumns)} as claim (${namesOf(claimColumns)})`;

const openByInsert = fixedStatement(`/* ${onOneServer} */
  with limits as materialized (select ${limitSettings} where ${hasBegun})
  insert into idempotency_keys (ledger_id, key, request_hash, transaction_id)
  select ?::uuid, key, request_hash, transaction_id from limits, ${claimed}
  order by key
  on conflict do nothing
  returning key, clock_timestamp() as now`);

/** In one statement, which is quickest on one server. Keys are dated by its clock. */
async function openByInserting(
  { knex, ledgerId, pipeline, limits }: LedgerTransaction,
  claims: readonly KeyClaim[],
): Promise<InsertedKeys> {
  const statement = openByInsert([...limitBindings(limits), ledgerId, ...arraysOf(claimColumns, claims)]);
  const { rows } = await pipeline.send({ ...statement, ...prepared(knex, 'claim-keys') });
  return { claimed: rows.map(({ key }) => key), now: rows.at(-1)?.now };
}

const insertOpened = fixedStatement(`
  insert into idempotency_keys (ledger_id, key, request_hash, transaction_id, created_at)
  select l.id, claim.key, claim.request_hash, claim.transaction_id, ?::timestamptz
  from ledgers l cross join ${claimed}
  where l.id = ?::uuid and ${hasBegun}
  order by claim.key
  on conflict do nothing
  returning key`);

/**
 * In two statements that are sent together: limits hold where the rows are only if a SELECT sets them. Keys are dated
 * by the clock of this machine, because that of the ledger's node is not known yet; a minute is all that the two may be
 * apart (`trustClock`), of the days for which a key is kept.
 */
async function openAndInsert(transaction: LedgerTransaction, claims: readonly KeyClaim[]): Promise<InsertedKeys> {
  const { knex, ledgerId, pipeline } = transaction;
  const now = new Date(machineClock.now()).toISOString();
  const statement = insertOpened([now, ...arraysOf(claimColumns, claims), ledgerId]);
  const opening = openLedger(transaction);
  const inserting = pipeline.send({ ...statement, ...prepared(knex, 'claim-keys') });
  const clock = await opening;
  const { rows } = await inserting;
  return { claimed: rows.map(({ key }) => key), now: clock };
}

/**
 * Gives up keys that this transaction claimed and has no outcome for, so that they can be used again: those of the
 * items of a batch that was refused as a whole. Does not wait for the answer while rows are locked: COMMIT may follow
 * at once, and fails if this does.
 */
export function releaseIdempotencyKeys({ knex, ledgerId, pipeline }: LedgerTransaction, keys: readonly string[]): void {
  if (keys.length === 0) return;
  const mine = knex('idempotency_keys')
    .where('ledger_id', ledgerId)
    .whereRaw('key = any(?::text[])', [[...keys]]);
  void pipeline.send(mine.delete());
}

/** The answers to those of these keys that are used, as they are kept; or that the request was another one. */
export async function findKeptAnswers(
  { knex, ledgerId }: LedgerTransaction,
  claims: readonly KeyClaim[],
): Promise<Map<string, KeptAnswer>> {
  const rows = await knex<StoredKey>('idempotency_keys')
    .select('key', 'request_hash', 'outcome', 'transaction_id')
    .where('ledger_id', ledgerId)
    .whereRaw('key = any(?::text[])', [claims.map((claim) => claim.idempotencyKey)]);
  const hashes = new Map(claims.map(({ idempotencyKey, requestHash }) => [idempotencyKey, requestHash]));
  return new Map(
    rows.map(({ key, request_hash, outcome, transaction_id }) => {
      if (!request_hash.equals(hashes.get(key)!)) return [key, reused(key)];
      return [key, { outcome: outcome ?? { transactionId: transaction_id! }, replayed: true }];
    }),
  );
}

function reused(key: string): KeptAnswer {
  const problem = `The Idempotency-Key ${key} belongs to an earlier, different request.`;
  const detail = `${problem} Use a new key for a new request.`;
  return { outcome: { refusal: refusal('idempotency_key_reused', detail) }, replayed: false };
}

function inProgress(cause: unknown): RefusalError {
  const detail = 'An earlier request with this Idempotency-Key has not finished yet. Try again to get its answer.';
  return new RefusalError('idempotency_in_progress', detail, { retryAfterSeconds: 1 }, { cause });
}
