/** What can happen. `docs/events.md` says what each means and carries; a test keeps both in step. */
export const eventTypes = [
  'party.created',
  'party.updated',
  'party.erased',
  'account.opened',
  'account.updated',
  'account.closed',
  'transaction.booked',
  'payment_order.waiting',
  'payment_order.signed',
  'payment_order.booked',
  'payment_order.rejected',
  'payment_order.cancelled',
  'payment_order.expired',
  'hold.placed',
  'hold.extended',
  'hold.captured',
  'hold.voided',
  'hold.expired',
  'project.opened',
  'project.assigned',
  'project.closed',
  'project.expired',
  'proposal.made',
  'proposal.signed',
  'proposal.accepted',
  'proposal.rejected',
  'proposal.withdrawn',
  'holder.invited',
  'holder.joined',
  'holder.declined',
  'holder.invitation_expired',
  'holder.changed',
  'holder.left',
  'holder.removed',
  'holder.deceased',
  'mandate.changed',
  'restriction.placed',
  'restriction.lifted',
  'account_change.waiting',
  'account_change.signed',
  'account_change.applied',
  'account_change.rejected',
  'account_change.cancelled',
  'account_change.expired',
  'standing_order.waiting',
  'standing_order.signed',
  'standing_order.activated',
  'standing_order.rejected',
  'standing_order.expired',
  'standing_order.paused',
  'standing_order.resumed',
  'standing_order.cancelled',
  'standing_order.completed',
  'standing_order.run_booked',
  'standing_order.run_refused',
  'standing_order.run_skipped',
  'statement.issued',
  'webhook_endpoint.disabled',
  'log.continued',
] as const;

export type EventType = (typeof eventTypes)[number];

/**
 * Something that happened, as an operation tells it: in the same transaction as the change, or not at all. That a
 * transaction was booked is none of these: the journal says so.
 */
export interface LedgerEvent {
  readonly type: Exclude<EventType, 'transaction.booked'>;
  /** The account to whose sequence it belongs; null for what belongs to none. */
  readonly accountId: string | null;
  /** The order, hold, holder, ... that it is about. */
  readonly subjectId: string;
  /**
   * What it is about, as callers saw it at that moment; of a party its id alone, because what is in the log can't be
   * erased.
   */
  readonly data: object;
}
