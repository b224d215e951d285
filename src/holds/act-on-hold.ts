import { loadReservations } from '../accounts/explain.ts';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { noSuch } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { Authentication } from '../ledger/authentication.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { DecisionState, LockedAccounts } from '../ledger/operation.ts';
import type { MovementFacts } from '../movements/movement.ts';
import { refuseActor } from '../ownership/authorise.ts';
import { isOwner } from '../ownership/holder.ts';
import { loadOwnership } from '../ownership/load-ownership.ts';
import { rightFor } from '../ownership/mandate.ts';
import { findExistingPartyIds, refuseUnknownParty } from '../parties/party-queries.ts';
import type { Hold, HoldDocument } from './hold.ts';
import { expireByTheClock, findHoldsById, type HoldInPlace } from './hold-queries.ts';

/** Something to do with a hold that is there already. */
export interface HoldCommand {
  /** What never changes of the hold, read before its account is locked. */
  readonly hold: Pick<HoldDocument, 'id' | 'accountId' | 'toAccountId' | 'initiatedBy'>;
  /** The party whose act it is; null for an act of the calling service itself. */
  readonly by: string | null;
  readonly authentication: Authentication;
}

/** What is looked at beyond the account rows. */
export interface HoldFacts extends MovementFacts {
  readonly holds: ReadonlyMap<string, HoldInPlace>;
}

/** A hold that is active, with its account. */
export interface ActiveHold extends HoldInPlace {
  readonly account: LockedAccount;
}

/** Reads what commands on holds look at; five queries at most, sent together. The account rows must be locked. */
export async function loadHoldFacts(
  transaction: LedgerTransaction,
  commands: readonly HoldCommand[],
  accounts: LockedAccounts,
): Promise<HoldFacts> {
  const accountIds = commands.map(({ hold }) => hold.accountId);
  const [holds, partyIds, ownership, reservations] = await Promise.all([
    findHoldsById(
      transaction,
      commands.map(({ hold }) => hold.id),
    ),
    findExistingPartyIds(
      transaction,
      commands.flatMap(({ hold, by }) => [hold.initiatedBy, by]).filter((partyId) => partyId !== null),
    ),
    loadOwnership(transaction, accountIds, []),
    loadReservations(
      transaction,
      accountIds.flatMap((accountId) => accounts.get(accountId) ?? []),
    ),
  ]);
  return { holds, partyIds, ownership, reservations };
}

/**
 * The hold of a command as it stands under the lock, or why nothing can be done with it: the party that acts is
 * unknown, lacks the right or has not made it (else one signature could move what another's hold reserves), the hold
 * belongs to a payment order, or it is finished. With `mayOwners` owners may do it to what a party left that holds the
 * account no more. Pure.
 */
export function findActiveHold(
  { hold: { id, accountId, toAccountId }, by, authentication }: HoldCommand,
  { accounts, loaded, now }: Pick<DecisionState<HoldFacts>, 'accounts' | 'loaded' | 'now'>,
  { mayOwners = false }: { mayOwners?: boolean } = {},
): ActiveHold | { refusal: Refusal } {
  const account = accounts.get(accountId);
  const inPlace = loaded.holds.get(id);
  if (account === undefined || inPlace === undefined) {
    return { refusal: noSuch('hold', id) };
  }
  const ownership = loaded.ownership.get(accountId)!;
  const right = rightFor(toAccountId === null ? 'withdrawal' : 'transfer');
  const refusedActor =
    refuseUnknownParty(loaded.partyIds, by, 'by') ?? refuseActor(accountId, ownership, { by, authentication }, right);
  if (refusedActor !== undefined) return { refusal: refusedActor };
  const initiator = inPlace.hold.initiatedBy;
  const isOrphan = initiator !== null && !ownership.holders.some(({ partyId }) => partyId === initiator);
  const asOwner = mayOwners && isOrphan && ownership.holders.some((one) => one.partyId === by && isOwner(one));
  if (by !== null && by !== initiator && !asOwner) {
    const detail = `Hold ${id} is for its initiator, or for the service itself, to capture, void and extend.`;
    return {
      refusal: refusal('right_missing', detail, { accountId, partyId: by, initiatedBy: initiator }),
    };
  }
  const hold = inPlace.hold.expiresAt <= now ? expireByTheClock(inPlace.hold) : inPlace.hold;
  const refused = refuseInactive(hold);
  return refused === undefined ? { ...inPlace, account } : { refusal: refused };
}

function refuseInactive({ id, kind, status }: Hold): Refusal | undefined {
  if (kind === 'payment_order') {
    const way = 'sign, reject or cancel the payment order';
    const detail = `Hold ${id} belongs to payment order ${id} and ends with it: ${way}.`;
    return refusal('hold_not_active', detail, { state: status, paymentOrderId: id });
  }
  if (status === 'active') return undefined;
  return refusal('hold_not_active', `Hold ${id} is ${status}.`, { state: status });
}
