import { z } from 'zod';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { notFound } from '../errors/no-such.ts';
import { RefusalError } from '../errors/refusal.ts';
import { nameOf } from '../http/admission.ts';
import { hasKeyEnded } from '../http/authenticate.ts';
import { sourceOf } from '../http/caller.ts';
import { countFitting, pageFields, pageOf } from '../http/paging.ts';
import { id } from '../http/read-input.ts';
import { ok } from '../http/reply.ts';
import { get, type Route } from '../http/route.ts';
import { eventTypes } from '../ledger/ledger-event.ts';
import { checkPlace } from '../log/check-place.ts';
import { formatPlace, type LogPlace, maxPlaceLength, parsePlace, placeForm } from '../log/log-place.ts';
import { findLogged, type LoggedEvent, latestPlace, readLog } from '../log/read-log.ts';
import type { ReadableAccounts } from '../ownership/visible-accounts.ts';
import { parseEventCursor, readEventCursor } from './event-cursor.ts';
import { describeEvents, type EventDocument, eventDocument } from './present-event.ts';
import { defaultPace, type StreamPace, streamEvents, streamPage } from './stream-events.ts';
import { findVisible, withoutEarlier } from './visible-events.ts';

const listedType = eventTypes.join('|').replaceAll('.', '\\.');
const filterFields = {
  types: z
    .string({ error: 'must name types of events, separated by commas' })
    .transform((list) => list.split(','))
    .pipe(z.array(z.enum(eventTypes, { error: 'must be types of events that docs/events.md lists' })))
    .optional()
    .meta({
      description: `Types of events, separated by commas: ${eventTypes.join(', ')}.`,
      pattern: `^(?:${listedType})(?:,(?:${listedType}))*$`,
    }),
  accountId: id.optional(),
};
const cursor = pageFields.cursor.meta({
  description: 'Where the reader has come to: a `nextCursor`, the id of an event, or `begin`.',
  pattern: placeForm,
});
const listQuery = z.strictObject({ ...pageFields, cursor, ...filterFields });
const streamQuery = z.strictObject({ cursor, ...filterFields });
const maxStreams = 100;
/** Of one party, or one key of the service. */
const maxStreamsOfCaller = 20;

/** The data of the last event of a stream whose log has forked. */
const forked = {
  ...{ type: 'object', required: ['code', 'detail', 'facts'] },
  properties: { code: { const: 'log_forked' }, detail: { type: 'string' }, facts: { type: 'object' } },
};

/** What a stream sends, read as the standard says: an event by its name, its document as text. */
const streamed = z
  .strictObject({
    id: z.string().exactOptional(),
    event: z.enum([...eventTypes, 'log_forked']).meta({ description: 'What happened; `log_forked` is the last one.' }),
    data: z.string().meta({
      contentMediaType: 'application/json',
      contentSchema: { anyOf: [{ $ref: '#/components/schemas/Event' }, forked] },
    }),
  })
  .meta({
    id: 'StreamedEvent',
    description: 'One server-sent event; a stream has any number of them, ids and comments between them.',
  });

const listEvents = get(
  '/events',
  {
    id: 'listEvents',
    summary: 'Read the log of what happened, page by page',
    ...{ keys: 'any', scope: 'events:read', query: listQuery, answers: { 200: pageOf(eventDocument) } },
    refusals: ['account_not_found', 'cursor_outdated', 'log_forked'],
  },
  async ({ caller, query: { limit, cursor, types, accountId } }, { database }) => {
    const source = sourceOf(caller, database);
    const { accountIds, readable } = await findVisible(database, caller, accountId);
    const after = cursor === undefined ? -1 : (await readEventCursor(source, cursor)).position;
    const { events, lookedTo } = await readLog(source, { after, limit, types, accountIds });
    const shown = withoutEarlier(events, readable);
    const data = await describePage(source, shown, readable);
    const end = data.length < shown.length ? shown[data.length - 1]!.place : lookedTo;
    return ok({ data, nextCursor: end === null ? (cursor ?? null) : formatPlace(end) });
  },
);

/** So many events are described together. */
const describedAtOnce = 20;

/** As many of the events as fit on a page. What does not fit is hardly looked up. */
async function describePage(
  source: LedgerSource,
  events: readonly LoggedEvent[],
  readable: ReadableAccounts | null,
): Promise<EventDocument[]> {
  const page: EventDocument[] = [];
  for (let from = 0; from < events.length; from += describedAtOnce) {
    page.push(...(await describeEvents(source, events.slice(from, from + describedAtOnce), readable)));
    const fitting = countFitting(page.map(({ data }) => data));
    if (fitting < page.length) return page.slice(0, fitting);
  }
  return page;
}

const readEvent = get(
  '/events/:eventId',
  {
    id: 'getEvent',
    summary: 'Read an event',
    ...{
      keys: 'any',
      scope: 'events:read',
      params: z.object({ eventId: z.string().max(maxPlaceLength) }),
      answers: { 200: eventDocument },
    },
    refusals: ['event_not_found'],
  },
  async ({ caller, params: { eventId: asked } }, { database }) => {
    const source = sourceOf(caller, database);
    const position = parsePlace(asked)?.position ?? -1;
    const event = (await findLogged(source, [position])).get(position);
    const { accountIds, readable } = await findVisible(database, caller, undefined);
    const isOfOthers = event?.accountId == null || accountIds?.includes(event.accountId) === false;
    const isEarlier = event !== undefined && withoutEarlier([event], readable).length === 0;
    const isHidden = accountIds !== null && (isEarlier || (isOfOthers && event?.type !== 'log.continued'));
    if (event === undefined || formatPlace(event.place) !== asked || isHidden) {
      throw notFound('event', asked);
    }
    const [document] = await describeEvents(source, [event], readable);
    return ok(document);
  },
);

function streamRoute(pace: StreamPace): Route {
  let streams = 0;
  const ofCallers = new Map<string, number>();
  return get(
    '/events/stream',
    {
      id: 'streamEvents',
      summary: 'Read the log of what happened, live',
      ...{ keys: 'any', scope: 'events:read', query: streamQuery, offers: { lastEventId: true } },
      ...{ answers: { 200: streamed }, mediaType: 'text/event-stream' },
      refusals: ['account_not_found', 'cursor_outdated', 'log_forked', 'too_many_streams'],
    },
    async ({ caller, query: { cursor, types, accountId }, lastEventId }, { database, draining, wakeUp }) => {
      const source = sourceOf(caller, database);
      await findVisible(database, caller, accountId);
      // A client that comes again sends the address it had at first, so that what it has read since goes before.
      if (cursor !== undefined) parseEventCursor(cursor);
      const begin = lastEventId ?? cursor;
      const from = begin === undefined ? await latestPlace(source) : await readEventCursor(source, begin);
      if (streams >= maxStreams) {
        const detail = `${maxStreams} event streams are open here already; come again later, or read page by page.`;
        throw new RefusalError('too_many_streams', detail, { retryAfterSeconds: 10 });
      }
      const name = nameOf(caller);
      const own = ofCallers.get(name) ?? 0;
      if (own >= maxStreamsOfCaller) {
        const detail = `${maxStreamsOfCaller} event streams of this caller are open here already; close some.`;
        throw new RefusalError('too_many_streams', detail, { retryAfterSeconds: 10 });
      }
      streams++;
      ofCallers.set(name, own + 1);
      const stream = {
        async read(after: LogPlace) {
          await checkPlace(source, after);
          const { accountIds, readable } = await findVisible(database, caller, accountId);
          const page = await readLog(source, { after: after.position, limit: streamPage, types, accountIds });
          const seen = withoutEarlier(page.events, readable);
          return { documents: await describeEvents(source, seen, readable), lookedTo: page.lookedTo };
        },
        hasKeyEnded: () => hasKeyEnded(database, caller),
      };
      return {
        async write(to, gone) {
          const signal = AbortSignal.any([draining, gone]);
          await streamEvents(to, stream, { from, signal, wakeUp, pace }).finally(() => {
            streams--;
            const left = ofCallers.get(name)! - 1;
            if (left === 0) ofCallers.delete(name);
            else ofCallers.set(name, left);
          });
        },
      };
    },
  );
}

/** The log of what happened: page by page, one by one, and live. */
export function eventRoutes(pace: StreamPace = defaultPace): readonly Route[] {
  return [listEvents, streamRoute(pace), readEvent];
}
