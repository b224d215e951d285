import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import express, { type Response } from 'express';
import { pino } from 'pino';
import { RefusalError } from '../../src/errors/refusal.ts';
import { eventRoutes } from '../../src/events/event-routes.ts';
import type { EventDocument } from '../../src/events/present-event.ts';
import { defaultPace, type EventStream, streamEvents, streamPage } from '../../src/events/stream-events.ts';
import { createAdmission } from '../../src/http/admission.ts';
import { authenticate } from '../../src/http/authenticate.ts';
import { mountRoutes } from '../../src/http/mount-routes.ts';
import { noRateLimits } from '../../src/http/rate-limits.ts';
import type { Hints, ServiceParts } from '../../src/http/service-parts.ts';
import { formatPlace, type LogPlace } from '../../src/log/log-place.ts';
import { until } from '../support/lock-witness.ts';
import { startTestService } from '../support/test-service.ts';

// How a stream goes on and when it ends, over a real connection; what it tells is made up here.

/** With `restless` nothing depends on the pauses; what is to happen in a test is set there. */
const quick = { ...defaultPace, restMs: 1 };
/** The stream comes round as soon as the process has done everything else. */
const restless: Hints = {
  hint: () => {},
  rest: () => new Promise((resolve) => setImmediate(resolve)),
  tell: () => {},
  onTold: () => {},
};

const placeAt = (position: number): LogPlace => ({
  ...{ position, number: 0, hash: '01234567', lineage: '0.01234567' },
});
const idAt = (position: number) => formatPlace(placeAt(position));

/** A log in which nothing happens, and a key that stays good, unless something else is said. */
const quiet: EventStream = {
  read: async () => ({ documents: [], lookedTo: null }),
  hasKeyEnded: async () => false,
};

let servers: Server[] = [];
let streams: AbortController[] = [];

afterEach(async () => {
  for (const stopping of streams) stopping.abort();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
  [servers, streams] = [[], []];
});

/** Streams to a client, which has not begun to read. `ended` comes about when the stream is over. */
async function open(stream: Partial<EventStream>, pace: Partial<typeof defaultPace> = {}) {
  const stopping = new AbortController();
  streams.push(stopping);
  let res: Response | undefined;
  let ended: Promise<void> | undefined;
  const server = createServer((_req, response) => {
    res = response as Response;
    response.writeHead(200);
    const terms = { from: placeAt(7), signal: stopping.signal, wakeUp: restless };
    ended = streamEvents(res, { ...quiet, ...stream }, { ...terms, pace: { ...quick, ...pace } });
    const end = () => void response.end();
    ended.then(end, end);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const asked = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false });
  asked.on('error', () => {});
  const [incoming] = (await once(asked, 'response')) as [IncomingMessage];
  return { incoming, stopping, server, ended: () => ended!, unsent: () => res!.writableLength };
}

/** Reads until there is this, or to the end. */
async function readUntil(incoming: IncomingMessage, part: string): Promise<string> {
  let text = '';
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes(part)) break;
  }
  return text;
}

/** A log of a hundred megabytes, in documents of this length, that counts how often it was read. */
function longLog(characters: number): EventStream & { reads(): number } {
  let reads = 0;
  const mostReads = 1e8 / streamPage / characters;
  return {
    ...quiet,
    reads: () => reads,
    async read(after) {
      if (++reads > mostReads) throw new Error('the log was read on and on');
      const positions = Array.from({ length: streamPage }, (_, index) => after.position + index + 1);
      const documents = positions.map((position) => {
        return { id: idAt(position), type: 'account.updated', data: { text: 'x'.repeat(characters) } };
      });
      return { documents: documents as unknown as EventDocument[], lookedTo: placeAt(positions.at(-1)!) };
    },
  };
}

test('begins with its place, and with each heartbeat tells how far it has looked', async () => {
  const looked = { documents: [], lookedTo: placeAt(9) };
  const { incoming, stopping, ended } = await open({ read: async () => looked }, { heartbeatMs: 0 });
  const text = await readUntil(incoming, `id: ${idAt(9)}\n\n`);
  expect(text.startsWith(`retry: 2000\nid: ${idAt(7)}\n\n: heartbeat\nid: ${idAt(9)}\n\n`)).toBe(true);
  stopping.abort();
  await ended();
});

test('ends with why when the log forks under it', async () => {
  const read = async () => {
    throw new RefusalError('log_forked', 'It has another history.', { lastCommonCursor: idAt(3) });
  };
  const { incoming, ended } = await open({ read });
  const text = await readUntil(incoming, 'never');
  await ended();
  const [, message] = text.split('\n\n');
  const data = JSON.stringify({
    ...{ code: 'log_forked', detail: 'It has another history.', facts: { lastCommonCursor: idAt(3) } },
  });
  expect(message).toBe(`event: log_forked\ndata: ${data}`);
});

test('breaks off when the log cannot be read', async () => {
  const { incoming, ended } = await open({ read: () => Promise.reject(new Error('away')) });
  incoming.resume();
  await expect(ended()).rejects.toThrow('away');
});

test('sends no heartbeat before its time', async () => {
  let rounds = 0;
  const { incoming, stopping, ended } = await open({
    read: async () => {
      if (++rounds === 100) stopping.abort();
      return { documents: [], lookedTo: null };
    },
  });
  await ended();
  expect(await readUntil(incoming, 'never')).toBe(`retry: 2000\nid: ${idAt(7)}\n\n`);
});

test('ends when its key has been revoked, though there is more to tell', async () => {
  let checks = 0;
  const hasKeyEnded = async () => ++checks === 3;
  const { incoming, ended } = await open({ ...longLog(20_000), hasKeyEnded }, { keyCheckMs: 0 });
  incoming.resume();
  await ended();
  expect(checks).toBe(3);
});

test('waits for a client that does not read, and goes on when it does', async () => {
  const log = longLog(20_000);
  const { incoming, stopping, ended, unsent } = await open(log);
  // The buffers of both ends take some pages; then nothing is read any more, however often the stream could have.
  const mostPages = 30;
  let [reads, still] = [0, 0];
  while (still < 50 && reads < mostPages) {
    await sleep(5);
    still = reads === log.reads() ? still + 1 : 0;
    reads = log.reads();
  }
  expect(reads).toBeLessThan(mostPages);
  expect(unsent()).toBeLessThan(100_000);
  const more = reads + 10;
  incoming.resume();
  await until(async () => log.reads() >= more);
  stopping.abort();
  await ended();
});

test('ends when its process stops, though a client does not read', async () => {
  const { stopping, unsent, ended } = await open(longLog(200_000));
  await until(async () => unsent() > 0);
  stopping.abort();
  await ended();
});

test('gives a client up that takes in nothing for too long', async () => {
  const { ended } = await open(longLog(200_000), { stalledMs: 50 });
  await expect(ended()).rejects.toThrow('aborted');
});

test('ends in the middle of a page when the key of a slow client has been revoked', async () => {
  let isRevoked = false;
  const log = { ...longLog(200_000), hasKeyEnded: async () => isRevoked };
  const { incoming, unsent, ended } = await open(log, { keyCheckMs: 0 });
  await until(async () => unsent() > 0);
  isRevoked = true;
  const text = await readUntil(incoming, 'never');
  await ended();
  // A page has a hundred.
  expect(text.match(/^event: /gm)!.length).toBeLessThan(streamPage);
});

test('ends for a key that is revoked meanwhile', async () => {
  const service = await startTestService();
  const logger = pino({ level: 'silent' });
  const { database } = service;
  const app = express();
  app.use(
    authenticate(database, restless, createAdmission(noRateLimits, restless), { verify: () => undefined }).handler,
  );
  const draining = new AbortController().signal;
  const parts = { database, draining, logger, wakeUp: restless } as unknown as ServiceParts;
  mountRoutes(app, eventRoutes({ ...quick, keyCheckMs: 0 }), parts);
  const server = app.listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const headers = { authorization: `Bearer ${service.apiKey}` };
  const stream = await fetch(`http://127.0.0.1:${port}/v1/events/stream`, { headers });
  const text = Promise.race([stream.text(), sleep(240_000, 'nothing', { ref: false })]);
  await database('api_keys').where('ledger_id', service.ledgerId).update({ revoked_at: database.fn.now() });
  expect(await text).toMatch(/^retry: 2000\nid: \S+\n\n$/);
  await service.stop();
});
