import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { labCatalogue } from '../../src/lab/lab-catalogue.ts';
import { type RunMessage, runMessage } from '../../src/lab/run-result.ts';
import { isAlive, labProcessesOf, labRemains } from '../support/lab-runs.ts';
import { until } from '../support/lock-witness.ts';
import { projectFolder, type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let testDatabase: TestDatabase;
let server: ServerProcess;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  // Two processes share the port: requests of one run, and of those that it keeps out, meet in either.
  const settings = { DATABASE_URL: testDatabase.url, LAB: 'on', ROLE: 'api', API_PROCESSES: '2' };
  server = await startServerProcess(settings);
});

afterAll(async () => {
  await server.end('SIGTERM');
  await testDatabase.verifyAndDrop();
});

const json = { 'Content-Type': 'application/json' };
const short = { scenario: 'two-proposals', strategies: ['nothing', 'for-update'], rounds: 1, thinkMs: 1 };
const long = { scenario: 'joint-account', strategies: ['for-update'], rounds: 20, thinkMs: 200 };

function ask(body: object, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.url}/lab/runs`, { method: 'POST', headers: json, body: JSON.stringify(body), ...init });
}

/** With headers that `fetch` keeps to itself. */
function askWith(
  headers: Record<string, string>,
  body = JSON.stringify(short),
): Promise<{ status: number; code: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${server.url}/lab/runs`,
      { method: 'POST', headers: { ...json, ...headers } },
      (incoming) => {
        let text = '';
        incoming.on('data', (chunk) => (text += chunk));
        incoming.on('end', () => {
          const code = incoming.statusCode === 200 ? 'played' : JSON.parse(text).code;
          resolve({ status: incoming.statusCode!, code });
        });
      },
    );
    outgoing.on('error', reject).end(body);
  });
}

const messagesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => runMessage.parse(JSON.parse(line)));

test('lists scenarios and strategies without a key, with the sources as they stand', async () => {
  const answer = await fetch(`${server.url}/lab/scenarios`);
  const { scenarios, strategies, bounds } = labCatalogue.parse(await answer.json());
  expect(bounds.callers).toEqual({ min: 1, max: 100, default: 10 });
  expect(scenarios.map(({ name, callers }) => `${name} ${callers}`)).toContain('five-workers 5');
  const names = strategies.map(({ name }) => name);
  for (const scenario of scenarios) expect(names).toEqual(expect.arrayContaining(scenario.strategies));
  for (const { name, source } of strategies) {
    const file = readFileSync(`${projectFolder}/src/lab/strategies/${name}.ts`, 'utf8');
    expect(source.startsWith(file)).toBe(true);
  }
  const retrying = strategies.find(({ name }) => name === 'serializable-retry')!;
  expect(retrying.source).toContain('export async function retryRefused');
  expect(retrying.source).toContain("const isolationLevel = 'serializable'");
});

test('answers a run as lines: that it began, each round, and the result', async () => {
  const answer = await ask(short);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
  const messages = messagesOf(await answer.text());
  expect(messages.map(({ type }) => type)).toEqual(['started', 'round', 'round', 'result']);
  const { result } = messages.at(-1) as Extract<RunMessage, { type: 'result' }>;
  expect(result.parameters).toEqual({ ...short, callers: 2, processes: 2 });
  expect(result.strategies.map(({ strategy }) => strategy)).toEqual(short.strategies);
  expect(await labRemains(testDatabase)).toEqual([]);
});

test('ends a run whose caller has hung up', async () => {
  // By itself it would go on for as long as a run may: a hundred seconds.
  const endless = { ...long, callers: 100 };
  const startedAt = performance.now();
  const hangUp = new AbortController();
  const answer = await ask(endless, { signal: hangUp.signal });
  const reader = answer.body!.getReader();
  const first = new TextDecoder().decode((await reader.read()).value);
  expect(JSON.parse(first.split('\n')[0]!)).toMatchObject({
    type: 'started',
    parameters: { scenario: 'joint-account' },
  });
  hangUp.abort();
  await until(async () => (await askAgain()).status === 200);
  expect(performance.now() - startedAt).toBeLessThan(90_000);
  expect(await labRemains(testDatabase)).toEqual([]);
});

const askAgain = async () => {
  const answer = await ask(short);
  await answer.text();
  return answer;
};

test('refuses a second run with lab_busy, in whichever process', async () => {
  const hangUp = new AbortController();
  const first = await ask(long, { signal: hangUp.signal });
  await first.body!.getReader().read();
  for (let tries = 0; tries < 4; tries++) {
    const second = await ask(short);
    expect([second.status, second.headers.get('retry-after')]).toEqual([409, '5']);
    expect(await second.json()).toMatchObject({ code: 'lab_busy' });
  }
  hangUp.abort();
  await until(async () => (await askAgain()).status === 200);
});

describe('bad parameters are refused', () => {
  const cases: Array<[string, object, string]> = [
    ['no scenario', {}, 'scenario'],
    ['an unknown scenario', { scenario: 'x' }, 'scenario'],
    ['an unknown strategy', { scenario: 'joint-account', strategies: ['x'] }, 'strategies.0'],
    ['a strategy that does not apply', { scenario: 'joint-account', strategies: ['skip-locked'] }, 'strategies'],
    ['no strategy', { scenario: 'joint-account', strategies: [] }, 'strategies'],
    ['too many callers', { scenario: 'joint-account', callers: 101 }, 'callers'],
    ['no callers', { scenario: 'joint-account', callers: 0 }, 'callers'],
    ['half a caller', { scenario: 'joint-account', callers: 1.5 }, 'callers'],
    ['callers as text', { scenario: 'joint-account', callers: '10' }, 'callers'],
    ['too many processes', { scenario: 'joint-account', processes: 7 }, 'processes'],
    ['too many rounds', { scenario: 'joint-account', rounds: 21 }, 'rounds'],
    ['too much thinking', { scenario: 'joint-account', thinkMs: 201 }, 'thinkMs'],
    ['an unknown field', { scenario: 'joint-account', seed: 1 }, 'seed'],
  ];

  test.each(cases)('%s', async (_name, body, path) => {
    const answer = await ask(body);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
    ]);
    expect(await answer.json()).toMatchObject({ code: 'validation_failed', errors: [{ path }] });
  });
});

describe('what a page of another site could send is refused', () => {
  const foreign = { status: 403, code: 'foreign_site' };

  test.each<[string, Record<string, string>]>([
    ['by Sec-Fetch-Site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['of another port', { 'Sec-Fetch-Site': 'same-site' }],
    ['by Origin', { Origin: 'http://evil.example' }],
    ['of no origin', { Origin: 'null' }],
    ['by a name that leads here', { Host: 'evil.example:3000' }],
    ['by a name that leads here, from its own page', { Host: 'evil.example', Origin: 'http://evil.example' }],
  ])('%s', async (_name, headers) => {
    expect(await askWith(headers)).toEqual(foreign);
  });

  test('as a form', async () => {
    const sent = askWith({ 'Content-Type': 'text/plain' });
    expect(await sent).toEqual({ status: 415, code: 'unsupported_media_type' });
  });

  test('and what its own page sends is not', async () => {
    const { host, origin } = new URL(server.url);
    const own = { 'Sec-Fetch-Site': 'same-origin', Origin: origin, Host: host };
    expect(await askWith(own)).toEqual({ status: 200, code: 'played' });
    expect(await askWith({ Host: 'localhost' })).toEqual({ status: 200, code: 'played' });
  });
});

test('is not there unless it is asked for, where the database is not the embedded one', async () => {
  const off = await startServerProcess({ DATABASE_URL: testDatabase.url, ROLE: 'api' });
  expect((await fetch(`${off.url}/lab/scenarios`)).status).toBe(404);
  expect((await fetch(`${off.url}/lab/runs`, { method: 'POST', headers: json, body: '{}' })).status).toBe(404);
  await off.end('SIGTERM');
});

test('a service that stops ends its run, tells the caller, and leaves nothing', async () => {
  const stopping = await startServerProcess({ DATABASE_URL: testDatabase.url, LAB: 'on', ROLE: 'api' });
  const answer = await fetch(`${stopping.url}/lab/runs`, { method: 'POST', headers: json, body: JSON.stringify(long) });
  const text = answer.text();
  await until(async () => labProcessesOf(stopping.pid).length > 0);
  const processes = labProcessesOf(stopping.pid);
  expect(await stopping.end('SIGTERM')).toBe(0);
  expect(messagesOf(await text).at(-1)).toEqual({
    ...{ type: 'failed', detail: 'The process that plays the run is shutting down.' },
  });
  expect(processes.filter(isAlive)).toEqual([]);
  expect(await labRemains(testDatabase)).toEqual([]);
});
