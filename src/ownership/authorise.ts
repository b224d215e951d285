import { type Refusal, refusal } from '../errors/refusal.ts';
import type { Authentication } from '../ledger/authentication.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import { Money } from '../money/money.ts';
import { type Holder, type HolderRight, hasRight } from './holder.ts';
import type { Ownership } from './load-ownership.ts';
import { type MandatedKind, rightFor, type SignatureRule } from './mandate.ts';
import { readSignatures, type SignatureReading, type Voices } from './read-signatures.ts';

/** Who acts: a party, and how the request was authenticated; null for what a worker does on what was signed before. */
export interface Actor {
  readonly partyId: string;
  readonly authentication: Authentication | null;
}

/**
 * Refuses a party that does not hold the account, or not with this right; and one that a key of the service names where
 * parties act with keys of their own.
 */
export function refuseRight(
  accountId: string,
  ownership: Ownership,
  { partyId, authentication }: Actor,
  right: HolderRight,
): Refusal | undefined {
  const holder = findHolder(ownership, partyId);
  if (holder === undefined) {
    return refusal('not_a_holder', `Party ${partyId} is no active holder of account ${accountId}.`, {
      accountId,
      partyId,
    });
  }
  if (hasRight(holder, right)) return refuseNamed(accountId, ownership, authentication);
  const detail = `Party ${partyId} holds account ${accountId} without the right "${right}".`;
  return refusal('right_missing', detail, { accountId, partyId, right, rights: holder.rights });
}

/** Refuses that a key of the service names the party that acts, where parties act with keys of their own. */
export function refuseNamed(
  accountId: string,
  { isHeld, takesOwnSignatures }: Ownership,
  authentication: Authentication | null,
): Refusal | undefined {
  if (!isHeld || !takesOwnSignatures || authentication?.channel !== 'service') return undefined;
  const detail = `Parties act on account ${accountId} with keys or tokens of their own; no other key names one.`;
  return refusal('own_signature_required', detail, { accountId });
}

/**
 * Refuses the act of a party that lacks the right to it. The calling service (null) needs none, and nobody does on an
 * account that never had a holder.
 */
export function refuseActor(
  accountId: string,
  ownership: Ownership,
  { by, authentication }: { readonly by: string | null; readonly authentication: Authentication | null },
  right: HolderRight,
): Refusal | undefined {
  if (by === null || !ownership.isHeld) return undefined;
  return refuseRight(accountId, ownership, { partyId: by, authentication }, right);
}

/**
 * Refuses what would take a holder beyond its own limits: of one movement, of the day, of the month. What it took out
 * since the row was locked counts too, so that two movements decided together cannot both take the rest.
 */
export function refuseLimit(
  account: LockedAccount,
  ownership: Ownership,
  partyId: string,
  amount: Money,
): Refusal | undefined {
  const holder = findHolder(ownership, partyId);
  if (holder === undefined) return undefined;
  const { perMovement, perDay, perMonth } = holder.limits;
  const zero = Money.zero(account.currency);
  const before = ownership.spent.get(partyId) ?? { today: zero, thisMonth: zero };
  const justNow = [...account.takenOut.values()]
    .filter((taken) => taken.partyId === partyId)
    .reduce((sum, { amount: taken }) => sum.plus(taken), zero);
  const limits = [
    { name: 'perMovement', limit: perMovement, used: zero },
    { name: 'perDay', limit: perDay, used: before.today.plus(justNow) },
    { name: 'perMonth', limit: perMonth, used: before.thisMonth.plus(justNow) },
  ];
  for (const { name, limit, used } of limits) {
    if (limit === null || !limit.minus(used).minus(amount).isNegative()) continue;
    const remaining = limit.minus(used);
    const facts = { limit: name, amount: limit.toString(), used: used.toString(), remaining: remaining.toString() };
    const allowed = `Party ${partyId} may take out ${limit} ${account.currency} (${name}) of account ${account.id}`;
    const detail = `${allowed}; ${used} is used, ${amount} is asked for.`;
    return refusal('limit_exceeded', detail, { accountId: account.id, partyId, ...facts });
  }
  return undefined;
}

/** Reads the signatures of a movement under a rule of the mandate and the account's present holders. */
export function readBand(
  ownership: Ownership,
  rule: SignatureRule,
  kind: MandatedKind,
  voices: Voices,
): SignatureReading {
  return readSignatures(rule, signersOf(ownership, kind), voices);
}

/** The active holders who may sign such movements now. */
export function signersOf(ownership: Ownership, kind: MandatedKind): Holder[] {
  return ownership.holders.filter((holder) => hasRight(holder, rightFor(kind)));
}

function findHolder({ holders }: Ownership, partyId: string): Holder | undefined {
  return holders.find((holder) => holder.partyId === partyId);
}
