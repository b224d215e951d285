import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { RefusalError } from '../errors/refusal.ts';
import { callerOf, isKeyRevoked } from '../http/authenticate.ts';
import { decodeCursor, encodeCursor, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput } from '../http/read-input.ts';
import { logBrokenAnswer } from '../http/request-log.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { eventTypes } from '../ledger/ledger-event.ts';
import { eventId, isBehind, parseEventId } from './event-id.ts';
import { describeEvents } from './present-event.ts';
import { type EventPlace, findEvents, latestPlace, readEvents } from './read-events.ts';
import { type StreamPace, streamEvents, streamPage, usualPace } from './stream-events.ts';
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
const noQuery = z.strictObject({});
const eventPath = z.object({ eventId: z.string().max(100) });
/** A cursor is a place in the log, the same whatever a reader filters by. */
const list = 'events';
const mostStreams = 100;

/** The log of what happened: page by page, one by one, and live. */
export function addEventRoutes(router: Router, parts: ServiceParts, pace: StreamPace = usualPace): void {
  const { database, draining, wakeUp } = parts;
  let streams = 0;

  router
    .route('/events')
    .get(async (req, res) => {
      const { limit, cursor, types, accountId } = readInput(listQuery, req.query);
      const source = sourceOf(res);
      const after = await readCursor(source, cursor);
      const { accountIds, readable } = await findVisible(database, res, accountId);
      const events = await readEvents(source, { after, limit, types, accountIds });
      const last = events.at(-1);
      res.json({
        data: await describeEvents(source, events, readable),
        nextCursor: last === undefined ? (cursor ?? null) : encodeCursor(list, eventId(last)),
      });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/events/stream')
    .get(async (req, res) => {
      const { cursor, types, accountId } = readInput(streamQuery, req.query);
      const source = sourceOf(res);
      await findVisible(database, res, accountId);
      // A client that comes again sends the address it had at first, so that what it has read since goes before.
      const from =
        (await readLastEventId(source, req)) ?? (await readCursor(source, cursor)) ?? (await latestPlace(source));
      if (res.destroyed) return;
      if (streams >= mostStreams) {
        const detail = `${mostStreams} event streams are open here already; come again later, or read page by page.`;
        throw new RefusalError('too_many_streams', detail, { retryAfterSeconds: 10 });
      }
      const gone = new AbortController();
      res.on('close', () => gone.abort());
      res.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
      if (req.method === 'HEAD') {
        res.end();
        return;
      }
      streams++;
      const stream = {
        async read(after: EventPlace) {
          const { accountIds, readable } = await findVisible(database, res, accountId);
          const events = await readEvents(source, { after, limit: streamPage, types, accountIds });
          return { documents: await describeEvents(source, events, readable), last: events.at(-1) };
        },
        latest: () => latestPlace(source),
        isKeyRevoked: () => isKeyRevoked(database, callerOf(res)),
      };
      try {
        const signal = AbortSignal.any([draining, gone.signal]);
        await streamEvents(res, stream, { from, signal, wakeUp, pace });
      } catch (error) {
        logBrokenAnswer(res, 'warn', error, 'an event stream broke; its reader comes again');
      } finally {
        streams--;
        // What a reader does not take in would keep a process that stops waiting.
        if (res.writableNeedDrain) res.destroy();
        else res.end();
      }
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/events/:eventId')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const asked = readInput(eventPath, req.params).eventId;
      const source = sourceOf(res);
      const place = parseEventId(asked);
      const [event] = place === undefined ? [] : await findEvents(source, [place]);
      const { accountIds, readable } = await findVisible(database, res, undefined);
      const isHidden = accountIds !== null && (event?.accountId == null || !accountIds.includes(event.accountId));
      if (event === undefined || isHidden) {
        throw new RefusalError('event_not_found', `There is no event ${asked} in this ledger.`);
      }
      res.json((await describeEvents(source, [event], readable))[0]);
    })
    .all(methodNotAllowed('GET'));

  function sourceOf(res: Response): LedgerSource {
    return { knex: database, ledgerId: callerOf(res).ledgerId };
  }
}

/** The place in a cursor; whoever waited behind one that lies ahead of the log would miss what comes before it. */
async function readCursor(source: LedgerSource, cursor: string | undefined): Promise<EventPlace | null> {
  const key = decodeCursor(list, z.string(), cursor);
  if (key === null) return null;
  const place = parseEventId(key);
  if (place === undefined || isBehind(place, await latestPlace(source))) {
    throw new RefusalError('invalid_cursor', 'The cursor is not one that this log gave. Start again without a cursor.');
  }
  return place;
}

async function readLastEventId(source: LedgerSource, req: Request): Promise<EventPlace | null> {
  const header = req.get('Last-Event-ID');
  if (header === undefined) return null;
  const place = parseEventId(header);
  if (place === undefined || isBehind(place, await latestPlace(source))) {
    throw invalidInput([{ path: 'Last-Event-ID', message: 'must be the id of an event of this ledger' }]);
  }
  return place;
}
