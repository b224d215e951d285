import { z } from 'zod';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { notFound } from '../errors/no-such.ts';
import { RefusalError } from '../errors/refusal.ts';
import { isKeyRevoked } from '../http/authenticate.ts';
import { sourceOf } from '../http/caller.ts';
import { decodeCursor, encodeCursor, pageOf, pageQuery } from '../http/paging.ts';
import { id } from '../http/read-input.ts';
import { ok } from '../http/reply.ts';
import { get, type Route } from '../http/route.ts';
import { eventTypes } from '../ledger/ledger-event.ts';
import { eventId, isBehind, parseEventId } from './event-id.ts';
import { describeEvents, eventDocument } from './present-event.ts';
import { type EventPlace, findEvents, latestPlace, readEvents } from './read-events.ts';
import { defaultPace, type StreamPace, streamEvents, streamPage } from './stream-events.ts';
import { findVisible } from './visible-events.ts';

const filterFields = {
  types: z
    .string({ error: 'must name types of events, separated by commas' })
    .transform((list) => list.split(','))
    .pipe(z.array(z.enum(eventTypes, { error: 'must be types of events that docs/events.md lists' })))
    .optional(),
  accountId: id.optional(),
};
const listQuery = z.strictObject({ ...pageQuery, ...filterFields });
const streamQuery = z.strictObject({ cursor: pageQuery.cursor, ...filterFields });
/** A cursor is a place in the log, the same whatever a reader filters by. */
const list = 'events';
const maxStreams = 100;

const listEvents = get(
  '/events',
  {
    summary: 'Read the log of what happened, page by page',
    ...{ keys: 'any', query: listQuery, answers: { 200: pageOf(eventDocument) } },
    refusals: ['account_not_found'],
  },
  async ({ caller, query: { limit, cursor, types, accountId } }, { database }) => {
    const source = sourceOf(caller, database);
    const { accountIds, readable } = await findVisible(database, caller, accountId);
    const after = await readCursor(source, cursor);
    const events = await readEvents(source, { after, limit, types, accountIds });
    const last = events.at(-1);
    return ok({
      data: await describeEvents(source, events, readable),
      nextCursor: last === undefined ? (cursor ?? null) : encodeCursor(list, eventId(last)),
    });
  },
);

const readEvent = get(
  '/events/:eventId',
  {
    summary: 'Read an event',
    ...{ keys: 'any', params: z.object({ eventId: z.string().max(100) }), answers: { 200: eventDocument } },
    refusals: ['event_not_found'],
  },
  async ({ caller, params: { eventId: asked } }, { database }) => {
    const source = sourceOf(caller, database);
    const place = parseEventId(asked);
    const [event] = place === undefined ? [] : await findEvents(source, [place]);
    const { accountIds, readable } = await findVisible(database, caller, undefined);
    const isHidden = accountIds !== null && (event?.accountId == null || !accountIds.includes(event.accountId));
    if (event === undefined || isHidden) {
      throw notFound('event', asked);
    }
    const [document] = await describeEvents(source, [event], readable);
    return ok(document);
  },
);

function streamRoute(pace: StreamPace): Route {
  let streams = 0;
  return get(
    '/events/stream',
    {
      summary: 'Read the log of what happened, live',
      ...{ keys: 'any', query: streamQuery, offers: { lastEventId: true } },
      ...{ answers: { 200: eventDocument }, mediaType: 'text/event-stream' },
      refusals: ['account_not_found', 'too_many_streams'],
    },
    async ({ caller, query: { cursor, types, accountId }, lastEventId }, { database, draining, wakeUp }) => {
      const source = sourceOf(caller, database);
      await findVisible(database, caller, accountId);
      // A client that comes again sends the address it had at first, so that what it has read since goes before.
      const from =
        (await readLastEventId(source, lastEventId)) ??
        (await readCursor(source, cursor)) ??
        (await latestPlace(source));
      if (streams >= maxStreams) {
        const detail = `${maxStreams} event streams are open here already; come again later, or read page by page.`;
        throw new RefusalError('too_many_streams', detail, { retryAfterSeconds: 10 });
      }
      streams++;
      const stream = {
        async read(after: EventPlace) {
          const { accountIds, readable } = await findVisible(database, caller, accountId);
          const events = await readEvents(source, { after, limit: streamPage, types, accountIds });
          return { documents: await describeEvents(source, events, readable), last: events.at(-1) };
        },
        latest: () => latestPlace(source),
        isKeyRevoked: () => isKeyRevoked(database, caller),
      };
      return {
        async write(to, gone) {
          const signal = AbortSignal.any([draining, gone]);
          await streamEvents(to, stream, { from, signal, wakeUp, pace }).finally(() => streams--);
        },
      };
    },
  );
}

/** The log of what happened: page by page, one by one, and live. */
export function eventRoutes(pace: StreamPace = defaultPace): readonly Route[] {
  return [listEvents, streamRoute(pace), readEvent];
}

/**
 * The place in a cursor; a reader that waited behind one that lies ahead of the log would miss what comes before it.
 */
async function readCursor(source: LedgerSource, cursor: string | undefined): Promise<EventPlace | null> {
  const key = decodeCursor(list, z.string(), cursor);
  if (key === null) return null;
  const place = parseEventId(key);
  if (place === undefined || isBehind(place, await latestPlace(source))) {
    throw new RefusalError('invalid_cursor', 'The cursor is not one that this log gave. Start again without a cursor.');
  }
  return place;
}

async function readLastEventId(source: LedgerSource, header: string | undefined): Promise<EventPlace | null> {
  if (header === undefined) return null;
  const place = parseEventId(header);
  if (place === undefined || isBehind(place, await latestPlace(source))) {
    throw invalidInput([{ path: 'Last-Event-ID', message: 'must be the id of an event of this ledger' }]);
  }
  return place;
}
