import { noSuch } from '../errors/no-such.ts';
import type { Refusal } from '../errors/refusal.ts';
import type { Authentication } from '../ledger/authentication.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { refuseActor } from '../ownership/authorise.ts';
import { refuseUnknownParty } from '../parties/party-queries.ts';
import type { Signature } from '../signatures/authorisations.ts';
import { lockClaimable } from '../workers/claim-work.ts';
import {
  type ChangeDecision,
  type ChangeFacts,
  describeChanged,
  loadChangeFacts,
  notOpen,
} from './load-change-facts.ts';
import { decideSignature } from './sign-standing-order.ts';
import {
  activate,
  asOfNow,
  finish,
  rest,
  type SignedStandingOrderDocument,
  type StandingOrder,
} from './standing-order.ts';
import { runEvents, type StandingOrderEventType, standingOrderEvent } from './standing-order-events.ts';
import { standingOrderRows } from './standing-order-queries.ts';
import type { StandingOrderRun } from './standing-order-run.ts';
import { type StandingOrderEffect, updateStandingOrders } from './write-standing-orders.ts';

export interface ChangeStandingOrderCommand {
  readonly orderId: string;
  /** The account that pays, which never changes. */
  readonly accountId: string;
  /** Who acts; null for the calling service, which cannot sign. */
  readonly by: string | null;
  readonly authentication: Authentication;
  readonly act: 'pause' | 'resume' | 'cancel' | Signature;
}

/**
 * Everything that people do with a standing order that is there: sign, pause, resume, cancel. One kind for all, because
 * they change rows that workers claim. A worker has the order locked while it locks the accounts it moves; a
 * caller that locked the account first and then waited for the order could deadlock with it. So the order's row is
 * locked first here too (`lockClaimable`), and either the run is booked before the change or it finds the order
 * changed.
 */
export const changeStandingOrder: OperationKind<
  ChangeStandingOrderCommand,
  ChangeFacts,
  StandingOrderEffect,
  SignedStandingOrderDocument
> = {
  accountIds: ({ accountId }) => [accountId],
  ownedAccountIds: ({ accountId }) => [accountId],
  lockClaimable(transaction, commands, mode) {
    const orderIds = commands.map(({ orderId }) => orderId);
    return lockClaimable(transaction, standingOrderRows, orderIds, mode);
  },
  load: loadChangeFacts,

  decide(command, { loaded, now }) {
    const { orderId, act } = command;
    const found = loaded.orders.get(orderId);
    if (found === undefined) return { refusal: noSuch('standing_order', orderId) };
    const order = asOfNow(found, now);
    if (typeof act === 'object') return decideSignature(order, act, loaded, now);
    const refused = refuseActing(order, command, loaded);
    if (refused !== undefined) return { refusal: refused };
    if (act === 'pause' && order.status === 'active') {
      return change({ ...rest(order), status: 'paused' }, loaded, ['standing_order.paused']);
    }
    if (act === 'resume' && order.status === 'paused') {
      const resumed = activate(order, now);
      const ended = resumed.status === 'completed' ? (['standing_order.completed'] as const) : [];
      return change(resumed, loaded, ['standing_order.resumed', ...ended]);
    }
    if (act === 'cancel' && order.finishedAt === null) {
      return change(finish(order, 'cancelled', now), loaded, ['standing_order.cancelled']);
    }
    // Saying it again is no error.
    const isSo = order.status === (act === 'pause' ? 'paused' : act === 'resume' ? 'active' : 'cancelled');
    return isSo ? { result: describeChanged(order, loaded) } : { refusal: notOpen(order) };
  },

  write: updateStandingOrders,
};

/** Its initiator may, a holder with the right `manage` may, and the calling service. */
function refuseActing(
  { accountId, initiatedBy }: StandingOrder,
  { by, authentication }: ChangeStandingOrderCommand,
  { partyIds, ownership }: ChangeFacts,
): Refusal | undefined {
  const byOther = by !== null && by !== initiatedBy;
  return (
    refuseUnknownParty(partyIds, by, 'by') ??
    (byOther ? refuseActor(accountId, ownership.get(accountId)!, { by, authentication }, 'manage') : undefined)
  );
}

/** The order as the change leaves it. A run that was to be tried again is given up. */
function change(order: StandingOrder, loaded: ChangeFacts, types: readonly StandingOrderEventType[]): ChangeDecision {
  const retried = loaded.retried.get(order.id);
  const runs: StandingOrderRun[] = retried === undefined ? [] : [{ ...retried, status: 'refused' }];
  const result = describeChanged(order, loaded);
  const events = [...runEvents(order, runs), ...types.map((type) => standingOrderEvent(type, order, result))];
  return { result, events, effect: { order, authorisation: null, runs } };
}
