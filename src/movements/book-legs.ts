import { explain } from '../accounts/explain.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { BookedEntry, BookedTransaction } from '../ledger/booked-transaction.ts';
import type { LedgerEvent } from '../ledger/ledger-event.ts';
import { type LockedAccount, withTaken } from '../ledger/locked-account.ts';
import type { Money } from '../money/money.ts';
import type { NewPaymentOrder, PaymentOrderDocument } from '../payment-orders/payment-order.ts';
import { kindOf, type Movement, type MovementState, type OpenLeg, ownershipAsked } from './movement.ts';
import { presentTransaction, type TransactionDocument } from './present-transaction.ts';

/** What a movement becomes: a transaction, or a payment order that waits for signatures. */
export type MovementResult = TransactionDocument | PaymentOrderDocument;

/** A movement that passed every check, as it is to be booked (or noted as an order) and answered. */
export interface DecidedMovement {
  readonly result: MovementResult;
  readonly changedAccounts: readonly LockedAccount[];
  readonly transactions: readonly BookedTransaction[];
  readonly order?: NewPaymentOrder;
  readonly events?: readonly LedgerEvent[];
}

/** Every check has passed; from here on nothing can fail. */
export function bookLegs(movement: Movement, legs: readonly OpenLeg[], state: MovementState): DecidedMovement {
  const bookedAt = legs.reduce((time, { account }) => laterOf(time, account.lastBookedAt), state.now);
  const { initiatedBy, authentication, authority } = movement;
  const taken = (account: LockedAccount, amount: Money) => {
    if (initiatedBy === null || authority !== null || !amount.isNegative()) return account.takenOut;
    const how = { kind: kindOf(movement.type), signedBy: [initiatedBy], underBand: null };
    return withTaken(account, { partyId: initiatedBy, ...how, amount: amount.negated() });
  };
  const changedAccounts = legs.map(({ account, amount }) => ({
    ...account,
    balance: account.balance.plus(amount),
    version: account.version + 1,
    lastBookedAt: bookedAt,
    takenOut: taken(account, amount),
  }));
  const entries: BookedEntry[] = changedAccounts.map((account, index) => ({
    accountId: account.id,
    amount: legs[index]!.amount,
    balanceAfter: account.balance,
    version: account.version,
  }));
  if (movement.clearingLeg !== null) entries.push({ balanceAfter: null, version: null, ...movement.clearingLeg });

  const { id, type, amount, description, reference, metadata } = movement;
  const valueDate = movement.valueDate ?? state.now.toISOString().slice(0, 10);
  const externalId = movement.externalId ?? null;
  const notes = { initiatedBy, authentication, description, reference, metadata, externalId };
  const signedBy = authority?.signedBy ?? otherSigners(movement, state);
  const origin = authority?.origin ?? null;
  const revision = changedAccounts[0]!.revision || null;
  const transaction = { id, type, amount, bookedAt, valueDate, signedBy, origin, entries, revision, ...notes };
  const result = presentTransaction(transaction);
  return {
    result: state.dryRun ? { ...result, explanation: explainDebit(legs, state) } : result,
    changedAccounts,
    transactions: [transaction],
  };
}

/** The initiator signs by initiating, on an account whose holders it acts for. */
function otherSigners(movement: Movement, { loaded }: MovementState): string[] {
  const { initiatedBy, legs } = movement;
  if (initiatedBy === null) return [];
  return legs.some(({ accountId }) => ownershipAsked(movement, accountId, loaded) !== undefined) ? [initiatedBy] : [];
}

function explainDebit(legs: readonly OpenLeg[], { loaded }: MovementState) {
  const debit = legs.find(({ amount }) => amount.isNegative()) ?? legs[0]!;
  return explain(debit.account, loaded.reservations, 'booked');
}

/** How far a booking may be dated ahead of the clock, so as not to come before the latest one of its account. */
const maxMoveMs = 2_000;

/**
 * Refuses to book on an account whose latest booking lies further ahead of the clock than clocks are corrected by: the
 * clock was wrong when that was booked, or it is wrong now, and whatever was booked would be dated wrongly as well.
 */
export function refuseAheadOfClock(legs: ReadonlyArray<Pick<OpenLeg, 'account'>>, now: Date): Refusal | undefined {
  const ahead = legs.find(({ account }) => aheadMs(account, now) > maxMoveMs);
  if (ahead === undefined) return undefined;
  const { id, lastBookedAt } = ahead.account;
  const bookedAt = lastBookedAt!.toISOString();
  const detail = `Account ${id} was booked at ${bookedAt}, ahead of the clock, which says ${now.toISOString()}.`;
  const retryAfterSeconds = Math.min(3_600, Math.ceil(aheadMs(ahead.account, now) / 1_000));
  return refusal('booked_in_the_future', detail, { accountId: id, retryAfterSeconds });
}

function aheadMs({ lastBookedAt }: LockedAccount, now: Date): number {
  return lastBookedAt === null ? 0 : lastBookedAt.getTime() - now.getTime();
}

/** A booking is never earlier than the account's latest one, even if the database's clock was set back a little. */
function laterOf(time: Date, other: Date | null): Date {
  return other !== null && other > time ? other : time;
}
