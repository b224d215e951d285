import { explain, loadReservations, needed, type Reservations } from '../accounts/explain.ts';
import { invalidInput, refusePassed } from '../errors/invalid-input.ts';
import { noSuch } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { MovementNotes } from '../ledger/booked-transaction.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { DecisionState, OperationKind } from '../ledger/operation.ts';
import { refuseClearingAccount, refuseClosed } from '../ledger/refuse-account.ts';
import { Money } from '../money/money.ts';
import { defaultSigningMs, refuseUnsigned } from '../movements/ask-for-signatures.ts';
import { refuseCurrency, refuseReceiving } from '../movements/check-leg.ts';
import { refuseActor } from '../ownership/authorise.ts';
import { loadOwnership, type OwnershipByAccount } from '../ownership/load-ownership.ts';
import { readSettled, type SignatureReading } from '../ownership/read-signatures.ts';
import { findExistingPartyIds, refuseUnknownParty } from '../parties/party-queries.ts';
import { type Authorisation, approval } from '../signatures/authorisations.ts';
import { type AmountRule, largestAmount } from './amount-rule.ts';
import type { CatchUpRule } from './catch-up.ts';
import { refuseBlindAmount } from './refuse-blind-amount.ts';
import { nextDueAfter, type Schedule } from './schedule.ts';
import {
  activate,
  presentSigned,
  type Retries,
  type SignedStandingOrderDocument,
  type StandingOrder,
  standingOrderHash,
} from './standing-order.ts';
import { standingOrderEvent } from './standing-order-events.ts';
import { bandOfStandingOrder, countOpenOrders, maxOpenOrders, readSigners } from './standing-order-queries.ts';
import { insertStandingOrders, type StandingOrderEffect } from './write-standing-orders.ts';

export interface CreateStandingOrderCommand extends MovementNotes {
  readonly id: string;
  readonly accountId: string;
  readonly toAccountId: string;
  readonly currency: string;
  readonly rule: AmountRule;
  /** Free of problems. */
  readonly schedule: Schedule;
  readonly catchUp: CatchUpRule;
  readonly retries: Retries;
  /** Until when missing signatures may come; null for the usual time. */
  readonly expiresAt: Date | null;
}

interface CreationFacts {
  readonly ownership: OwnershipByAccount;
  readonly partyIds: ReadonlySet<string>;
  readonly openOrders: ReadonlyMap<string, number>;
  readonly reservations: Reservations;
}

/**
 * Makes a standing order: active at once, or waiting where its initiator's signature is not enough under the mandate of
 * the account that pays. What is signed is the order with all its terms, so its runs take no further signatures.
 * Nothing is reserved, and whether there is money is looked at when it is to be paid.
 */
export const createStandingOrder: OperationKind<
  CreateStandingOrderCommand,
  CreationFacts,
  StandingOrderEffect,
  SignedStandingOrderDocument
> = {
  accountIds: ({ accountId, toAccountId }) => [accountId, toAccountId],
  // So that the number of its open orders, and whom its mandate asks, are as they were read.
  ownedAccountIds: ({ accountId }) => [accountId],

  async load(transaction, commands, accounts) {
    const accountIds = commands.map(({ accountId }) => accountId);
    const initiators = commands.flatMap(({ initiatedBy }) => initiatedBy ?? []);
    const paying = new Set(accountIds.flatMap((accountId) => accounts.get(accountId) ?? []));
    const [ownership, partyIds, openOrders, reservations] = await Promise.all([
      loadOwnership(transaction, [...accountIds, ...commands.map(({ toAccountId }) => toAccountId)], []),
      findExistingPartyIds(transaction, initiators),
      countOpenOrders(transaction, accountIds),
      loadReservations(transaction, [...paying]),
    ]);
    return { ownership, partyIds, openOrders, reservations };
  },

  decide(command, state) {
    const refused = refuseCreation(command, state);
    if (refused !== undefined) return { refusal: refused };
    const { now } = state;
    const { expiresAt: _asked, ...terms } = command;
    const { mandate } = state.loaded.ownership.get(command.accountId)!;
    const made: StandingOrder = {
      ...terms,
      ...{ status: 'waiting', mandateVersion: mandate.version, signedBy: null },
      signedAs: { version: 2, hash: null },
      ...{ handledUntil: null, next: null, nextAttemptAt: null, attempts: 0 },
      ...{ createdAt: now, expiresAt: null, finishedAt: null },
    };
    const signing = readInitiator(made, state);
    if ('refusal' in signing) return signing;
    const { reading, given } = signing;
    const order: StandingOrder = reading.isComplete
      ? activate({ ...made, signedBy: reading.signedBy }, now)
      : { ...made, expiresAt: signingEnds(command, now) };
    const result = presentSigned(order, reading, given);
    const type = reading.isComplete ? 'standing_order.activated' : 'standing_order.waiting';
    return {
      result,
      events: [standingOrderEvent(type, order, result)],
      effect: { order, authorisation: given[0] ?? null, runs: [] },
    };
  },

  write: insertStandingOrders,
};

/**
 * Reads what the initiator's signature is worth. Without an initiator it is the calling service's own act, and where
 * nobody holds the account nobody signs.
 */
function readInitiator(
  order: StandingOrder,
  { accounts, loaded, now }: DecisionState<CreationFacts>,
): { reading: SignatureReading; given: Authorisation[] } | { refusal: Refusal } {
  const { id, accountId, initiatedBy } = order;
  const ownership = loaded.ownership.get(accountId)!;
  const { mandate } = ownership;
  const by = { subjectId: id, authentication: order.authentication, hash: standingOrderHash(order), at: now };
  const saying = initiatedBy === null ? [] : [approval({ ...by, partyId: initiatedBy })];
  const reading = readSigners(order, ownership, mandate, saying);
  if (initiatedBy === null || !ownership.isHeld) {
    return { reading: readSettled([]), given: [] };
  }
  if (!reading.isReachable) {
    const account = accounts.get(accountId)!;
    const signatures = needed(mandate.version, bandOfStandingOrder(order, mandate), reading);
    const explanation = explain(account, loaded.reservations, 'mandate', signatures);
    return { refusal: refuseUnsigned({ account, reading, explanation }) };
  }
  return { reading, given: reading.signedBy.includes(initiatedBy) ? saying : [] };
}

function refuseCreation(
  command: CreateStandingOrderCommand,
  { accounts, loaded, now }: DecisionState<CreationFacts>,
): Refusal | undefined {
  const { accountId, toAccountId, currency, schedule, initiatedBy, expiresAt } = command;
  const passed = refusePassed('expiresAt', expiresAt, now) ?? refuseNothingAhead(schedule, now);
  if (passed !== undefined) return passed;
  const found: LockedAccount[] = [];
  for (const id of [accountId, toAccountId]) {
    const account = accounts.get(id);
    if (account === undefined) return noSuch('account', id);
    found.push(account);
  }
  const ownership = loaded.ownership.get(accountId)!;
  const amount = Money.zero(currency);
  return (
    refuseUnknownParty(loaded.partyIds, initiatedBy, 'initiatedBy') ??
    firstRefusal(found, refuseClearingAccount) ??
    refuseActor(accountId, ownership, { by: initiatedBy, authentication: command.authentication }, 'transfer') ??
    refuseBlindAmount(command, loaded.ownership) ??
    firstRefusal(found, refuseClosed) ??
    firstRefusal(found, (account) => refuseCurrency({ account, amount })) ??
    refuseReceiving({ account: found[1]!, amount: largestAmount(command.rule) ?? amount }) ??
    refuseTooMany(accountId, loaded.openOrders.get(accountId) ?? 0)
  );
}

function firstRefusal(
  accounts: readonly LockedAccount[],
  check: (account: LockedAccount) => Refusal | undefined,
): Refusal | undefined {
  for (const account of accounts) {
    const refused = check(account);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function refuseTooMany(accountId: string, open: number): Refusal | undefined {
  if (open < maxOpenOrders) return undefined;
  const detail = `Account ${accountId} has ${maxOpenOrders} standing orders that are not finished; cancel some.`;
  return refusal('too_many_standing_orders', detail, { accountId, limit: maxOpenOrders });
}

/** Signatures to what is executed once are of no use after that. */
function signingEnds({ schedule, expiresAt }: CreateStandingOrderCommand, now: Date): Date {
  const until = expiresAt ?? new Date(now.getTime() + defaultSigningMs);
  const once = schedule.recurrence === null ? nextDueAfter(schedule, null, now) : undefined;
  return once !== undefined && once.dueAt < until ? once.dueAt : until;
}

function refuseNothingAhead(schedule: Schedule, now: Date): Refusal | undefined {
  if (nextDueAfter(schedule, null, now) !== undefined) return undefined;
  return invalidInput([{ path: 'schedule', message: 'must happen at least once from now on' }]).refusal;
}
