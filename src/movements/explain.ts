import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import { availableBalance, type LockedAccount } from '../ledger/locked-account.ts';
import { Money } from '../money/money.ts';
import type { MandateBand } from '../ownership/mandate.ts';
import type { SignatureReading } from '../ownership/read-signatures.ts';

/** What reserves money of an account. */
export interface Reservation {
  readonly id: string;
  readonly kind: 'hold' | 'payment_order';
  readonly amount: string;
  readonly expiresAt: string;
}

/** Why an account answers as it does: the rule that decided, and what it decided on. */
export interface Explanation {
  readonly rule: string;
  readonly accountId: string;
  readonly currency: string;
  readonly booked: string;
  readonly held: string;
  readonly overdraftLimit: string;
  readonly available: string;
  /** What holds the money, the largest first; at most 20 are named. */
  readonly heldBy: readonly Reservation[];
  readonly signatures?: SignaturesNeeded;
}

/** Whose signatures a movement takes under which band of the mandate, and whose are missing. */
export interface SignaturesNeeded {
  readonly mandateVersion: number;
  readonly band: MandateBand;
  readonly required: number;
  readonly received: number;
  readonly missingFrom: readonly string[];
}

/** The reservations of accounts, by account. */
export type Reservations = ReadonlyMap<string, readonly Reservation[]>;

const mostNamed = 20;

export function explain(
  account: LockedAccount,
  reservations: Reservations,
  rule: string,
  signatures?: SignaturesNeeded,
): Explanation {
  return {
    rule,
    accountId: account.id,
    currency: account.currency,
    booked: account.balance.toString(),
    held: account.held.toString(),
    overdraftLimit: account.overdraftLimit.toString(),
    available: availableBalance(account).toString(),
    heldBy: reservations.get(account.id) ?? [],
    ...(signatures === undefined ? {} : { signatures }),
  };
}

export function needed(mandateVersion: number, band: MandateBand, reading: SignatureReading): SignaturesNeeded {
  const { required, received, missingFrom } = reading;
  return { mandateVersion, band, required, received, missingFrom };
}

/** The same refusal with its explanation. */
export function explained(refused: Refusal, explanation: Explanation): Refusal {
  return refusal(refused.code, refused.detail, { ...refused.facts, explanation });
}

interface HoldRow {
  id: string;
  account_id: string;
  kind: Reservation['kind'];
  remaining: string;
  expires_at: Date;
}

/** What reserves money of those of these accounts that have some reserved. No query when none has. */
export async function loadReservations(
  { knex, ledgerId }: LedgerTransaction,
  accounts: readonly LockedAccount[],
): Promise<Reservations> {
  const held = new Map(accounts.filter((account) => !account.held.isZero()).map((account) => [account.id, account]));
  if (held.size === 0) return new Map();
  const { rows } = await knex.raw(
    `select h.* from unnest(:accountIds::uuid[]) as a (id)
     cross join lateral (
       select id, account_id, kind, remaining, expires_at from holds
       where ledger_id = :ledgerId and account_id = a.id and status = 'active' and expires_at > clock_timestamp()
       order by remaining desc, id limit ${mostNamed}) h`,
    { ledgerId, accountIds: [...held.keys()] },
  );
  const found = new Map<string, Reservation[]>();
  for (const row of rows as HoldRow[]) {
    const amount = Money.fromDatabase(row.remaining, held.get(row.account_id)!.currency).toString();
    const reservation = { id: row.id, kind: row.kind, amount, expiresAt: row.expires_at.toISOString() };
    found.set(row.account_id, [...(found.get(row.account_id) ?? []), reservation]);
  }
  return found;
}
