import type { EventType, LedgerEvent } from '../ledger/ledger-event.ts';
import { presentStandingOrder, type StandingOrder } from './standing-order.ts';
import { presentRun, type StandingOrderRun } from './standing-order-run.ts';

export type StandingOrderEventType = Extract<EventType, `standing_order.${string}`>;

/** An event of a standing order stands in the sequence of the account that pays. */
export function standingOrderEvent(
  type: StandingOrderEventType,
  order: StandingOrder,
  data: object = presentStandingOrder(order),
): LedgerEvent {
  return { type, accountId: order.accountId, subjectId: order.id, data };
}

/**
 * The events of a run, with the order as the run left it: none of one that is still being retried, so that each run
 * has one event.
 */
export function runEvents(order: StandingOrder, runs: readonly StandingOrderRun[]): LedgerEvent[] {
  return runs.flatMap((run) => {
    const type = eventOfRun[run.status];
    const data = { standingOrder: presentStandingOrder(order), run: presentRun(run) };
    return type === null ? [] : [standingOrderEvent(type, order, data)];
  });
}

const eventOfRun: Readonly<Record<StandingOrderRun['status'], StandingOrderEventType | null>> = {
  booked: 'standing_order.run_booked',
  retrying: null,
  refused: 'standing_order.run_refused',
  nothing_to_do: 'standing_order.run_skipped',
  missed: 'standing_order.run_skipped',
};
