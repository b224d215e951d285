import { z } from 'zod';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import { amount, count, currencyCode, instantText, signedAmount, uuid } from '../ledger/document-fields.ts';
import { availableBalance, type LockedAccount } from '../ledger/locked-account.ts';
import { Money } from '../money/money.ts';
import type { MandateBand } from '../ownership/mandate.ts';
import { mandateBandDocument } from '../ownership/ownership-schemas.ts';
import type { SignatureReading } from '../ownership/read-signatures.ts';

/** What reserves money of an account. */
const reservationDocument = z.strictObject({
  id: uuid,
  kind: z.enum(['hold', 'payment_order']),
  amount,
  expiresAt: instantText,
});

export type Reservation = z.output<typeof reservationDocument>;

/** Whose signatures a movement takes under which band of the mandate, and whose are missing. */
const signaturesNeededDocument = z.strictObject({
  mandateVersion: count,
  band: mandateBandDocument,
  required: count,
  received: count,
  missingFrom: z.array(uuid).readonly(),
});

export type SignaturesNeeded = z.output<typeof signaturesNeededDocument>;

/** Why an account answers as it does: the rule that decided, and what it decided on. */
export const explanationDocument = z
  .strictObject({
    rule: z.string(),
    accountId: uuid,
    currency: currencyCode,
    booked: signedAmount,
    held: amount,
    overdraftLimit: amount,
    available: signedAmount,
    /** What holds the money, the largest first; at most 20 are named. */
    heldBy: z.array(reservationDocument).readonly(),
    signatures: signaturesNeededDocument.exactOptional(),
  })
  .meta({ id: 'Explanation' });

export type Explanation = z.output<typeof explanationDocument>;

/** The reservations of accounts, by account. */
export type Reservations = ReadonlyMap<string, readonly Reservation[]>;

const maxNamed = 20;

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
       order by remaining desc, id limit ${maxNamed}) h`,
    { ledgerId, accountIds: [...held.keys()] },
  );
  const found = new Map<string, Reservation[]>();
  for (const row of rows as HoldRow[]) {
    const remaining = Money.fromDatabase(row.remaining, held.get(row.account_id)!.currency).toString();
    const reservation = { id: row.id, kind: row.kind, amount: remaining, expiresAt: row.expires_at.toISOString() };
    found.set(row.account_id, [...(found.get(row.account_id) ?? []), reservation]);
  }
  return found;
}
