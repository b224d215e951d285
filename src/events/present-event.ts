import { z } from 'zod';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { instantText, uuid } from '../ledger/document-fields.ts';
import { eventTypes } from '../ledger/ledger-event.ts';
import { formatPlace } from '../log/log-place.ts';
import type { LoggedEvent } from '../log/read-log.ts';
import { withoutHidden } from '../movements/present-movement.ts';
import { asBooked } from '../movements/present-transaction.ts';
import { findTransactions } from '../movements/transaction-queries.ts';
import type { ReadableAccounts } from '../ownership/visible-accounts.ts';
import { findParties } from '../parties/party-queries.ts';
import { toldRunOf } from '../standing-orders/standing-order-run.ts';

/** An event as callers see it: CloudEvents 1.0 in its JSON format. */
export const eventDocument = z
  .strictObject({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z.string(),
    type: z.enum(eventTypes),
    /** What it is about, as an address below the source. */
    subject: z.string(),
    time: instantText,
    datacontenttype: z.literal('application/json'),
    /** Its number in the sequence of its account (CloudEvents extension "sequence"); absent without one. */
    sequence: z.string().exactOptional(),
    sequencetype: z.literal('Integer').exactOptional(),
    /** The account to whose sequence it belongs. */
    accountid: uuid.exactOptional(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });

export type EventDocument = z.output<typeof eventDocument>;

const isOfParty = ({ type }: LoggedEvent) => type.startsWith('party.');

/**
 * Makes documents of events, those of one page with one look into the journal, and one at the parties. What
 * is shown of transactions is what who may read the `readable` accounts may know; null stands for all.
 */
export async function describeEvents(
  source: LedgerSource,
  events: readonly LoggedEvent[],
  readable: ReadableAccounts | null = null,
): Promise<EventDocument[]> {
  const booked = events.filter((event) => event.type === 'transaction.booked').map((event) => event.subjectId);
  const ofParties = events.filter((event) => isOfParty(event)).map((event) => event.subjectId);
  const [transactions, parties] = await Promise.all([findTransactions(source, booked), findParties(source, ofParties)]);
  return events.map((event) => {
    const { place, type, accountId, sequence, subjectId, occurredAt } = event;
    // As it was when it was booked: whatever came later has an event of its own. A party shows as it is now.
    const data = isOfParty(event)
      ? (parties.get(subjectId) ?? event.data)
      : event.data === null
        ? withoutHidden(asBooked(transactions.get(subjectId)!), readable)
        : toldRunOf(event.data, readable);
    const document: EventDocument = {
      specversion: '1.0',
      id: formatPlace(place),
      source: `/ledgers/${source.ledgerId}`,
      type,
      subject: subjectId,
      time: occurredAt.toISOString(),
      datacontenttype: 'application/json',
      ...(accountId === null || sequence === null
        ? {}
        : { sequence: `${sequence}`, sequencetype: 'Integer', accountid: accountId }),
      data: data as Record<string, unknown>,
    };
    return document;
  });
}
