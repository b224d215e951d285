import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { errorTitles } from '../errors/error-catalogue.ts';
import { noSuch } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { BookedTransaction } from '../ledger/booked-transaction.ts';
import { type LockedAccount, withTaken } from '../ledger/locked-account.ts';
import type { DecisionState, OperationKind } from '../ledger/operation.ts';
import { refuseClosed } from '../ledger/refuse-account.ts';
import type { Money } from '../money/money.ts';
import { createTransfer } from '../movements/create-movement.ts';
import { decideMovement } from '../movements/decide-movement.ts';
import type { MovementFacts } from '../movements/movement.ts';
import { refuseActor, refuseLimit } from '../ownership/authorise.ts';
import { exceedsCeilings } from '../ownership/ceilings.ts';
import { loadOwnership, type Ownership } from '../ownership/load-ownership.ts';
import { findExistingPartyIds } from '../parties/party-queries.ts';
import { type AuthorisationsBySubject, findAuthorisations, refuseAltered } from '../signatures/authorisations.ts';
import { amountOf } from './amount-rule.ts';
import { catchUp } from './catch-up.ts';
import { refuseBlindAmount } from './refuse-blind-amount.ts';
import { findRetriedRuns } from './run-queries.ts';
import { nextOccurrence, type Occurrence } from './schedule.ts';
import { endOf, finish, instructionOf, moveOn, type StandingOrder } from './standing-order.ts';
import { runEvents, standingOrderEvent } from './standing-order-events.ts';
import { runIdOf, type StandingOrderRun } from './standing-order-run.ts';
import { type StandingOrderEffect, updateStandingOrders } from './write-standing-orders.ts';

export interface RunStandingOrderCommand {
  /** As it stands: a worker has its row locked. */
  readonly order: StandingOrder;
  /** The id that the transaction will have if there is one. */
  readonly transactionId: string;
}

interface RunFacts extends MovementFacts {
  /** The runs that are being tried again, by order. */
  readonly retried: ReadonlyMap<string, StandingOrderRun>;
  readonly authorisations: AuthorisationsBySubject;
}

type RunState = DecisionState<RunFacts>;

/** What an attempt came to. */
type Attempt = Pick<StandingOrderRun, 'status' | 'amount' | 'transactionId' | 'refusal'> & {
  readonly transactions?: readonly BookedTransaction[];
  readonly changedAccounts?: readonly LockedAccount[];
};

/**
 * Executes what is next of a standing order, passes over what its rule of catching up leaves out, and moves the order
 * on, at most one occurrence at a time. It always succeeds: that a payment was refused is what is written down.
 *
 * Rights of the initiator, its limits, restrictions and funds are looked at each time; whose signatures it takes was
 * settled when the order was signed.
 */
export const runStandingOrder: OperationKind<RunStandingOrderCommand, RunFacts, StandingOrderEffect, null> = {
  accountIds: ({ order }) => [order.accountId, order.toAccountId],
  load: loadRunFacts,
  decide: ({ order, transactionId }, state) =>
    giveUpLate(order, state) ?? passOver(order, state) ?? execute(order, transactionId, state),
  write: updateStandingOrders,
};

async function loadRunFacts(
  transaction: LedgerTransaction,
  commands: readonly RunStandingOrderCommand[],
): Promise<RunFacts> {
  const orders = commands.map(({ order }) => order);
  const initiators = orders.flatMap(({ initiatedBy }) => initiatedBy ?? []);
  const held = orders.flatMap(({ initiatedBy, rule, accountId, toAccountId }) => {
    if (initiatedBy === null) return [];
    return rule.type === 'topUp' ? [accountId, toAccountId] : [accountId];
  });
  const [partyIds, ownership, retried, authorisations] = await Promise.all([
    findExistingPartyIds(transaction, initiators),
    loadOwnership(transaction, held, initiators),
    findRetriedRuns(transaction, orders),
    findAuthorisations(
      transaction,
      orders.map(({ id }) => id),
    ),
  ]);
  // A run keeps the code and the sentence of a refusal, not what explains it.
  return { partyIds, ownership, reservations: new Map(), retried, authorisations };
}

/** An occurrence is not tried again once the one after it is due: what it was refused for is its end. */
function giveUpLate(order: StandingOrder, { loaded, now }: RunState) {
  const { next, schedule } = order;
  const retried = loaded.retried.get(order.id);
  if (next === null || retried === undefined) return undefined;
  const following = nextOccurrence(schedule, endOf(next));
  if (following === undefined || following.dueAt > now) return undefined;
  return approve(moveOn(order, endOf(next), now), [{ ...retried, status: 'refused' }]);
}

/** Notes what is missed; undefined when nothing is, and the next occurrence is due. */
function passOver(order: StandingOrder, { now }: RunState) {
  const { schedule, handledUntil, attempts } = order;
  if (attempts > 0) return undefined;
  const { missed, next } = catchUp(schedule, { handled: handledUntil, now, rule: order.catchUp });
  if (missed.length === 0 && next !== undefined && next.dueAt <= now) return undefined;
  const runs = missed.map((occurrence) => ({
    ...runOf(order, occurrence, now),
    ...{ status: 'missed' as const, amount: null, transactionId: null, refusal: null },
  }));
  const last = missed.at(-1);
  return approve(moveOn(order, last === undefined ? (handledUntil ?? now) : endOf(last), now), runs);
}

function execute(order: StandingOrder, transactionId: string, state: RunState) {
  const { now } = state;
  const occurrence = order.next!;
  const { transactions = [], changedAccounts = [], ...outcome } = attempt(order, occurrence, transactionId, state);
  const run: StandingOrderRun = { ...runOf(order, occurrence, now), ...outcome, attempts: order.attempts + 1 };
  // A closed account never opens again, so neither can the order ever be executed again.
  const isClosed = outcome.refusal?.code === 'account_closed';
  const nextTry = outcome.status === 'retrying' && !isClosed ? findNextTry(order, occurrence, now) : undefined;
  if (nextTry !== undefined) {
    const waiting = { ...order, nextAttemptAt: nextTry, attempts: run.attempts };
    return approve(waiting, [run]);
  }
  const ended: StandingOrderRun = outcome.status === 'retrying' ? { ...run, status: 'refused' } : run;
  const moved = isClosed
    ? finish({ ...order, attempts: run.attempts }, 'cancelled', now)
    : moveOn(order, endOf(occurrence), now);
  return { ...approve(moved, [ended]), transactions, changedAccounts };
}

/** When to try again what was refused: unless it was tried often enough, or the occurrence after it comes first. */
function findNextTry({ schedule, retries, attempts }: StandingOrder, tried: Occurrence, now: Date): Date | undefined {
  const nextTry = new Date(now.getTime() + retries.everyMinutes * 60_000);
  const following = nextOccurrence(schedule, endOf(tried));
  return attempts >= retries.times || (following !== undefined && following.dueAt <= nextTry) ? undefined : nextTry;
}

function attempt(order: StandingOrder, { at }: Occurrence, transactionId: string, state: RunState): Attempt {
  const { accounts, loaded } = state;
  const { accountId, toAccountId, initiatedBy, authentication, description, reference, metadata } = order;
  const [paying, receiving] = [accounts.get(accountId), accounts.get(toAccountId)];
  if (paying === undefined || receiving === undefined) return refusedFor(noSuch('account', accountId));
  // Before anything else: a sweep of a closed account has nothing to do, for ever.
  const closed = refuseClosed(paying) ?? refuseClosed(receiving);
  const unfit =
    closed ??
    refuseAltered(instructionOf(order), loaded.authorisations.get(order.id) ?? []) ??
    refuseBlindAmount(order, loaded.ownership);
  if (unfit !== undefined) return refusedFor(unfit);
  const amount = amountOf(order.rule, paying, receiving);
  if (amount.isZero()) return { status: 'nothing_to_do', amount, transactionId: null, refusal: null };
  // What an account lacks that is far overdrawn.
  if (amount.isOutOfRange()) return refusedFor(tooMuchAtOnce(toAccountId));
  const ownership = loaded.ownership.get(accountId);
  if (initiatedBy !== null && ownership?.isHeld) {
    const refused =
      refuseActor(accountId, ownership, { by: initiatedBy, authentication: null }, 'transfer') ??
      refuseLimit(paying, ownership, initiatedBy, amount) ??
      refuseBeyondCeilings(paying, ownership, order, amount);
    if (refused !== undefined) return refusedFor(refused);
  }
  const notes = { initiatedBy, authentication, description, reference, metadata, valueDate: null };
  const decided = decideMovement(
    {
      ...createTransfer(accountId, toAccountId, { amount, ...notes }),
      id: transactionId,
      authority: {
        origin: { type: 'standing_order', id: runIdOf(order.id, at) },
        signedBy: order.signedBy ?? [],
      },
    },
    state,
  );
  if ('refusal' in decided) {
    // That is nothing about the order: the worker tries again, and shows operators that it does.
    if (decided.refusal.code === 'booked_in_the_future') throw new Error(decided.refusal.detail);
    return { ...refusedFor(decided.refusal), amount };
  }
  const changedAccounts = decided.changedAccounts.map((account) =>
    initiatedBy === null || account.id !== accountId
      ? account
      : {
          ...account,
          takenOut: withTaken(account, {
            ...{ partyId: initiatedBy, kind: 'transfer', signedBy: order.signedBy ?? [], underBand: null, amount },
          }),
        },
  );
  return {
    ...{ status: 'booked', amount, transactionId, refusal: null },
    ...{ transactions: decided.transactions, changedAccounts },
  };
}

/** What was signed once for all runs is not signed for more than a day or a month may have. */
function refuseBeyondCeilings(
  { id, takenOut }: LockedAccount,
  ownership: Ownership,
  { signedBy }: StandingOrder,
  amount: Money,
): Refusal | undefined {
  if (!exceedsCeilings(ownership, { kind: 'transfer', amount }, signedBy ?? [], takenOut)) return undefined;
  const detail = `This would be more than may leave account ${id} in its day or month on the signatures of the order.`;
  return refusal('signatures_missing', detail, { accountId: id });
}

function tooMuchAtOnce(toAccountId: string): Refusal {
  const detail = `Account ${toAccountId} lacks 1000000000000000000 or more, and one movement can't bring so much.`;
  return refusal('balance_limit_exceeded', detail, { accountId: toAccountId });
}

/** Holders read it who may not look at the account, so that what is on it is not said. */
function refusedFor({ code, detail }: Refusal): Attempt {
  const told = code === 'insufficient_funds' ? `${errorTitles[code]}.` : detail;
  return { status: 'retrying', amount: null, transactionId: null, refusal: { code, detail: told } };
}

function runOf({ id }: StandingOrder, { at, dueAt }: Occurrence, now: Date) {
  return { id: runIdOf(id, at), standingOrderId: id, occurrenceAt: at, dueAt, attempts: 0, lastAttemptAt: now };
}

/** The order as this leaves it, with what became of its occurrences. */
function approve(order: StandingOrder, runs: readonly StandingOrderRun[]) {
  const told = runEvents(order, runs);
  const ended =
    order.status === 'completed' || order.status === 'cancelled'
      ? [standingOrderEvent(`standing_order.${order.status}`, order)]
      : [];
  return { result: null, events: [...told, ...ended], effect: { order, authorisation: null, runs } };
}
