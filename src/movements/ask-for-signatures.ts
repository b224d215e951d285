import { type Explanation, explain, explained, needed } from '../accounts/explain.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import { readBand } from '../ownership/authorise.ts';
import { bandNow, hasCeilings } from '../ownership/ceilings.ts';
import { maxWaitingOrders } from '../ownership/load-ownership.ts';
import type { MandateBand } from '../ownership/mandate.ts';
import { approvedNow, type SignatureReading } from '../ownership/read-signatures.ts';
import { instructionHash, type PaymentOrder, presentPaymentOrder } from '../payment-orders/payment-order.ts';
import { approval } from '../signatures/authorisations.ts';
import type { DecidedMovement } from './book-legs.ts';
import { kindOf, type Movement, type MovementState, type OpenLeg, ownershipAsked } from './movement.ts';
import { reserve } from './reserve.ts';

/** How long money is reserved unless its initiator says otherwise: for missing signatures, or by a hold. */
export const defaultSigningMs = 7 * 86_400_000;

/**
 * Looks whether the initiator's signature is enough under the mandates of the accounts that pay. Answers undefined
 * where it is, and where nobody's is asked for. Otherwise a withdrawal or a transfer becomes a payment order that
 * reserves the money; anything else is refused with `signatures_missing`. What even all holders together could not
 * sign is refused with `mandate_unreachable`. Pure.
 */
export function askForSignatures(
  movement: Movement,
  legs: readonly OpenLeg[],
  state: MovementState,
): DecidedMovement | { refusal: Refusal } | undefined {
  const missing = findMissingSignatures(movement, legs);
  if (missing === undefined) return undefined;
  const mayWait = movement.type === 'withdrawal' || movement.type === 'transfer';
  if (!missing.reading.isReachable || !mayWait) return { refusal: refuseUnsigned(missing) };
  const { id } = missing.account;
  if (state.loaded.ownership.get(id)!.waitingOrders >= maxWaitingOrders) {
    const detail = `${maxWaitingOrders} payment orders of account ${id} wait for signatures; sign or cancel some.`;
    return { refusal: refusal('too_many_payment_orders', detail, { accountId: id, limit: maxWaitingOrders }) };
  }
  return openOrder(movement, missing, state);
}

/** An account that pays under a mandate for which the initiator's signature is not enough. */
export interface MissingSignatures {
  readonly account: LockedAccount;
  readonly reading: SignatureReading;
  readonly explanation: Explanation;
  /** The band that asks for them. */
  readonly band: MandateBand;
}

/** The first of the accounts that pay whose mandate asks for more than the initiator's signature. Pure. */
export function findMissingSignatures(movement: Movement, legs: readonly OpenLeg[]): MissingSignatures | undefined {
  const { initiatedBy } = movement;
  if (initiatedBy === null) return undefined;
  for (const { account, amount, facts } of legs) {
    const ownership = ownershipAsked(movement, account.id, facts);
    if (ownership === undefined || !amount.isNegative()) continue;
    const { mandate } = ownership;
    const asked = { kind: kindOf(movement.type), amount: amount.negated() };
    const band = bandNow(ownership, mandate, asked, account.takenOut);
    const reading = readBand(ownership, band, asked.kind, approvedNow(initiatedBy));
    if (reading.isComplete) continue;
    const signatures = needed(mandate.version, band, reading);
    return { account, reading, band, explanation: explain(account, facts.reservations, 'mandate', signatures) };
  }
  return undefined;
}

/** The refusal where missing signatures can't be waited for: nobody can give them, or there is nothing to sign. */
export function refuseUnsigned({ account, reading, explanation }: Omit<MissingSignatures, 'band'>): Refusal {
  const facts = { accountId: account.id };
  const refused = reading.isReachable
    ? refusal(
        'signatures_missing',
        `This takes further signatures for account ${account.id}; only a withdrawal or a transfer can wait for them.`,
        facts,
      )
    : refusal(
        'mandate_unreachable',
        `The mandate of account ${account.id} asks for signatures that its present holders cannot give.`,
        facts,
      );
  return explained(refused, explanation);
}

function openOrder(
  movement: Movement,
  { account, reading, explanation, band }: MissingSignatures,
  { now, dryRun, loaded }: MovementState,
): DecidedMovement {
  const amount = movement.amount!;
  const { id, type, valueDate, authentication, description, reference, metadata } = movement;
  const initiatedBy = movement.initiatedBy!;
  const { mandate } = loaded.ownership.get(account.id)!;
  const order: PaymentOrder = {
    id,
    status: 'waiting',
    type: type === 'withdrawal' ? 'withdrawal' : 'transfer',
    accountId: account.id,
    toAccountId: movement.legs[1]?.accountId ?? null,
    amount,
    ...{ valueDate, initiatedBy, authentication, description, reference, metadata },
    signedAs: { version: 2, hash: null },
    mandateVersion: mandate.version,
    band: hasCeilings(mandate) ? mandate.bands.indexOf(band) : null,
    externalId: movement.externalId ?? null,
    transactionId: null,
    signedBy: null,
    createdAt: now,
    expiresAt: movement.expiresAt ?? new Date(now.getTime() + defaultSigningMs),
    finishedAt: null,
  };
  const signedByInitiator = reading.signedBy.includes(initiatedBy);
  const authorisations = signedByInitiator
    ? [approval({ subjectId: id, partyId: initiatedBy, authentication, hash: instructionHash(order), at: now })]
    : [];
  const result = presentPaymentOrder(order, reading, authorisations);
  return {
    result: dryRun ? { ...result, explanation } : result,
    changedAccounts: [reserve(account, order)],
    transactions: [],
    order: { order, authorisations },
    events: [{ type: 'payment_order.waiting', accountId: account.id, subjectId: id, data: result }],
  };
}
