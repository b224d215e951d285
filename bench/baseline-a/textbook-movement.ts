import { randomInt } from 'node:crypto';
import { Decimal } from 'decimal.js';
import type { Knex } from 'knex';
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';

/** More digits than a balance has, so that nothing is ever rounded. */
Decimal.set({ precision: 40 });

/** What a customer's account gets or gives. */
interface Leg {
  readonly accountId: string;
  readonly amount: Decimal;
}

export interface MovementRequest {
  readonly ledgerId: string;
  readonly key: { readonly text: string; readonly requestHash: Buffer };
  readonly type: 'deposit' | 'withdrawal' | 'transfer';
  readonly amount: Decimal;
  readonly currency: string;
  /** Two for a transfer, one for the others: their second entry is the clearing account's. */
  readonly legs: readonly Leg[];
}

export interface MovementAnswer {
  readonly status: number;
  readonly body: object;
  readonly replayed: boolean;
}

interface AccountRow {
  id: string;
  currency: string;
  ownership: string;
  status: string;
  balance: string;
  held: string;
  overdraft_limit: string;
  version: number;
  last_booked_at: Date | null;
  event_count: number;
  last_event_stamp: number;
}

/** What is kept with an idempotency key: joint-ledger's own form, because the tables are the same. */
type Outcome = { result: object } | { refusal: { code: string; detail: string } };

/**
 * Books a movement in one transaction: claim the key, lock the accounts, check, write, tell both accounts, keep the
 * outcome with the key, commit. Ten round trips to the database, as few as one statement a step allows.
 */
export async function bookMovement(database: Knex, request: MovementRequest): Promise<MovementAnswer> {
  return database.transaction(async (transaction) => {
    const { ledgerId, key } = request;
    const claimed = await transaction('idempotency_keys')
      .insert({ ledger_id: ledgerId, key: key.text, request_hash: key.requestHash })
      .onConflict()
      .ignore()
      .returning('key');
    if (claimed.length === 0) return findEarlierAnswer(transaction, request);

    const outcome = await carryOut(transaction, request);
    await transaction('idempotency_keys').where({ ledger_id: ledgerId, key: key.text }).update({ outcome });
    return asAnswer(outcome, false);
  });
}

async function findEarlierAnswer(transaction: Knex.Transaction, { ledgerId, key }: MovementRequest) {
  const row = await transaction('idempotency_keys').where({ ledger_id: ledgerId, key: key.text }).first();
  if (row.request_hash.equals(key.requestHash)) return asAnswer(row.outcome, true);
  return asAnswer(
    { refusal: { code: 'idempotency_key_reused', detail: 'The key belongs to another request.' } },
    false,
  );
}

function asAnswer(outcome: Outcome, replayed: boolean): MovementAnswer {
  return 'result' in outcome
    ? { status: 201, body: outcome.result, replayed }
    : { status: 422, body: outcome.refusal, replayed };
}

async function carryOut(transaction: Knex.Transaction, request: MovementRequest): Promise<Outcome> {
  const { ledgerId, type, amount, currency, legs } = request;
  const rows: AccountRow[] = await transaction('accounts')
    .where('ledger_id', ledgerId)
    .whereIn(
      'id',
      legs.map((leg) => leg.accountId),
    )
    .orderBy('id')
    .forUpdate();
  const accounts = new Map(rows.map((row) => [row.id, row]));
  const refused = findRefusal(accounts, request);
  if (refused !== undefined) return { refusal: refused };

  const bookedAt = new Date(Math.max(Date.now(), ...rows.map((row) => row.last_booked_at?.getTime() ?? 0)));
  const valueDate = bookedAt.toISOString().slice(0, 10);
  const id = uuidv7();
  const changes = legs.map((leg) => {
    const account = accounts.get(leg.accountId)!;
    const balance = new Decimal(account.balance).plus(leg.amount);
    return { ...leg, balance, version: account.version + 1, eventCount: account.event_count + 1 };
  });
  const head = { ledger_id: ledgerId, transaction_id: id, booked_at: bookedAt };
  const entries = changes.map(({ accountId, amount, balance, version }) => ({
    ...head,
    id: uuidv7(),
    account_id: accountId,
    amount: amount.toFixed(),
    balance_after: balance.toFixed() as string | null,
    version: version as number | null,
  }));
  if (type !== 'transfer') {
    const clearing = { ...head, id: uuidv7(), account_id: clearingAccountId(ledgerId, currency) };
    entries.push({ ...clearing, amount: legs[0]!.amount.negated().toFixed(), balance_after: null, version: null });
  }

  await transaction('transactions').insert({
    ledger_id: ledgerId,
    id,
    type,
    amount: amount.toFixed(),
    currency,
    booked_at: bookedAt,
    value_date: valueDate,
  });
  await transaction('entries').insert(entries);
  // The events of an account stand in the log behind those before them, as joint-ledger's readers rely on.
  const stamp = Math.max(Date.now() * 1000, ...rows.map((row) => row.last_event_stamp + 1));
  await transaction('log_inbox').insert({
    ledger_id: ledgerId,
    stamp,
    salt: randomInt(2 ** 31),
    account_ids: changes.map(({ accountId }) => accountId),
    sequences: changes.map(({ eventCount }) => eventCount),
    versions: changes.map(({ version }) => version),
  });
  for (const { accountId, balance, version, eventCount } of changes) {
    await transaction('accounts').where({ ledger_id: ledgerId, id: accountId }).update({
      balance: balance.toFixed(),
      version,
      last_booked_at: bookedAt,
      event_count: eventCount,
      last_event_stamp: stamp,
    });
  }

  return {
    result: {
      id,
      type,
      status: 'booked',
      amount: amount.toFixed(2),
      currency,
      bookedAt: bookedAt.toISOString(),
      valueDate,
      initiatedBy: null,
      description: null,
      reference: null,
      metadata: null,
      entries: entries.map((entry) => ({
        accountId: entry.account_id,
        amount: new Decimal(entry.amount).toFixed(2),
        ...(entry.version === null
          ? {}
          : { balanceAfter: new Decimal(entry.balance_after!).toFixed(2), version: entry.version }),
      })),
    },
  };
}

function findRefusal(accounts: ReadonlyMap<string, AccountRow>, { legs, currency }: MovementRequest) {
  for (const { accountId, amount } of legs) {
    const account = accounts.get(accountId);
    if (account === undefined) return { code: 'account_not_found', detail: `There is no account ${accountId}.` };
    if (account.ownership === 'clearing') return { code: 'clearing_account', detail: `${accountId} is for clearing.` };
    if (account.status !== 'active') return { code: 'account_closed', detail: `Account ${accountId} is closed.` };
    if (account.currency !== currency)
      return { code: 'currency_mismatch', detail: `It is kept in ${account.currency}.` };
    const available = new Decimal(account.balance).minus(account.held).plus(account.overdraft_limit);
    if (amount.isNegative() && available.plus(amount).isNegative()) {
      return { code: 'insufficient_funds', detail: `Account ${accountId} has ${available.toFixed(2)} available.` };
    }
  }
  return undefined;
}

const clearingAccountIds = new Map<string, string>();

/** As joint-ledger derives it; computed once for each ledger and currency. */
function clearingAccountId(ledgerId: string, currency: string): string {
  const name = `${ledgerId} ${currency}`;
  let id = clearingAccountIds.get(name);
  if (id === undefined) {
    id = uuidv5(`clearing:${currency}`, ledgerId);
    clearingAccountIds.set(name, id);
  }
  return id;
}
