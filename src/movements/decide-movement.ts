import { explain, explained } from '../accounts/explain.ts';
import { refusePassed } from '../errors/invalid-input.ts';
import { noSuch } from '../errors/no-such.ts';
import type { Refusal } from '../errors/refusal.ts';
import { refuseClearingAccount, refuseClosed } from '../ledger/refuse-account.ts';
import { refuseLimit, refuseRight } from '../ownership/authorise.ts';
import { refuseUnknownParty } from '../parties/party-queries.ts';
import { askForSignatures } from './ask-for-signatures.ts';
import { bookLegs, type DecidedMovement, refuseAheadOfClock } from './book-legs.ts';
import { refuseCurrency, refuseOverdraw, refuseOverflow, refuseStopped } from './check-leg.ts';
import { refuseTaken } from './external-ids.ts';
import {
  type Movement,
  type MovementState,
  type NewMovementFacts,
  type OpenLeg,
  ownershipAsked,
  rightToMove,
} from './movement.ts';

type LegCheck = (leg: OpenLeg) => Refusal | undefined;

/**
 * The checks of an account in order of precedence: all legs pass one check before the next is looked at. Existence
 * and the initiating party come before these, the mandate after them. `docs/errors.md` states the order and a test
 * walks it.
 */
const checksOfAuthority: readonly LegCheck[] = [({ account }) => refuseClearingAccount(account), refuseInitiator];
const checksOfMoney: readonly LegCheck[] = [
  ({ account }) => refuseClosed(account),
  refuseCurrency,
  refuseStopped,
  refuseInitiatorsLimit,
  refuseOverdraw,
  refuseOverflow,
];

/**
 * Decides a movement on locked accounts: a coded refusal; a transaction whose entries sum to zero together with the
 * accounts as they are after it; or a payment order, where signatures are missing. Pure.
 */
export function decideMovement(movement: Movement, state: MovementState): DecidedMovement | { refusal: Refusal } {
  const passed = refusePassed('expiresAt', movement.expiresAt, state.now);
  if (passed !== undefined) return { refusal: passed };
  const checked = checkMovement(movement, state);
  if ('refusal' in checked) return checked;
  const asked = askForSignatures(movement, checked.legs, state);
  if (asked !== undefined && 'refusal' in asked) return asked;
  if (asked !== undefined) return asked;
  const ahead = refuseAheadOfClock(checked.legs, state.now);
  return ahead === undefined ? bookLegs(movement, checked.legs, state) : { refusal: ahead };
}

/** The same for a movement that comes from a caller, which may have an external id. Pure. */
export function decideNewMovement(
  movement: Movement,
  state: MovementState & { readonly loaded: NewMovementFacts },
): DecidedMovement | { refusal: Refusal } {
  const taken = refuseTaken(movement, state.loaded.takenExternalIds);
  return taken === undefined ? decideMovement(movement, state) : { refusal: taken };
}

/** Every check of a movement but that of its signatures: the legs with their accounts, or why it cannot be. Pure. */
export function checkMovement(
  movement: Movement,
  state: Pick<MovementState, 'accounts' | 'loaded'>,
): { legs: readonly OpenLeg[] } | { refusal: Refusal } {
  const { loaded: facts } = state;
  const legs: OpenLeg[] = [];
  for (const { accountId, amount } of movement.legs) {
    const account = state.accounts.get(accountId);
    if (account === undefined) return { refusal: noSuch('account', accountId) };
    legs.push({ movement, account, amount, facts });
  }
  const refused =
    refuseUnknownParty(facts.partyIds, movement.initiatedBy, 'initiatedBy') ??
    firstRefusal(checksOfAuthority, legs) ??
    firstRefusal(checksOfMoney, legs);
  return refused === undefined ? { legs } : { refusal: refused };
}

function firstRefusal(checks: readonly LegCheck[], legs: readonly OpenLeg[]): Refusal | undefined {
  for (const check of checks) {
    for (const leg of legs) {
      const refused = check(leg);
      if (refused === undefined) continue;
      // A depositor learns nothing of the account, nor does a party that may not act on it.
      const explainable = leg.amount.isNegative() && checks === checksOfMoney;
      return explainable ? explained(refused, explain(leg.account, leg.facts.reservations, refused.code)) : refused;
    }
  }
  return undefined;
}

function refuseInitiator({ movement, account, amount, facts }: OpenLeg): Refusal | undefined {
  const right = rightToMove(movement.type, amount);
  const ownership = ownershipAsked(movement, account.id, facts);
  if (right === undefined || ownership === undefined) return undefined;
  const { initiatedBy, authentication } = movement;
  return refuseRight(account.id, ownership, { partyId: initiatedBy!, authentication }, right);
}

function refuseInitiatorsLimit({ movement, account, amount, facts }: OpenLeg): Refusal | undefined {
  const ownership = ownershipAsked(movement, account.id, facts);
  if (!amount.isNegative() || ownership === undefined) return undefined;
  return refuseLimit(account, ownership, movement.initiatedBy!, amount.negated());
}
