import type { LedgerSource } from '../database/ledger-transaction.ts';
import { withoutHidden } from '../movements/present-movement.ts';
import { asBooked } from '../movements/present-transaction.ts';
import { findTransactions } from '../movements/transaction-queries.ts';
import { eventId } from './event-id.ts';
import type { StoredEvent } from './read-events.ts';

/** An event as callers see it: CloudEvents 1.0 in its JSON format. */
export interface EventDocument {
  specversion: '1.0';
  id: string;
  source: string;
  type: string;
  /** What it is about, as an address below the source. */
  subject: string;
  time: string;
  datacontenttype: 'application/json';
  /** The number of the event in the sequence of its account (CloudEvents extension "sequence"); absent without one. */
  sequence?: string;
  sequencetype?: 'Integer';
  /** The account to whose sequence it belongs. */
  accountid?: string;
  data: object;
}

/**
 * Makes documents of stored events, those of one page with one look into the journal. Balances are shown of the
 * `readable` accounts only; null stands for all.
 */
export async function describeEvents(
  source: LedgerSource,
  events: readonly StoredEvent[],
  readable: ReadonlySet<string> | null = null,
): Promise<EventDocument[]> {
  const booked = events.filter((event) => event.type === 'transaction.booked').map((event) => event.subjectId);
  const transactions = await findTransactions(source.knex, source.ledgerId, booked);
  return events.map((event) => {
    const { type, accountId, sequence, subjectId, occurredAt } = event;
    // As it was when it was booked: whatever came later has an event of its own.
    const data = event.data ?? withoutHidden(asBooked(transactions.get(subjectId)!), readable);
    const document: EventDocument = {
      specversion: '1.0',
      id: eventId(event),
      source: `/ledgers/${source.ledgerId}`,
      type,
      subject: subjectId,
      time: occurredAt.toISOString(),
      datacontenttype: 'application/json',
      ...(accountId === null || sequence === null
        ? {}
        : { sequence: `${sequence}`, sequencetype: 'Integer', accountid: accountId }),
      data,
    };
    return document;
  });
}
