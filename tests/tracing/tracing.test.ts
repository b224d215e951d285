import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { localWebhookSettings } from '../support/local-webhooks.ts';
import { until } from '../support/lock-witness.ts';
import { projectFolder, type ServerProcess, startServerProcess, untilListening } from '../support/server-process.ts';
import { type SpanReceiver, startSpanReceiver } from '../support/span-receiver.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestDatabase, createTestLedger, type TestDatabase } from '../support/test-database.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
const depositRoute = 'POST /v1/accounts/:accountId/deposits';

let books: TestDatabase;
let apiKey: string;

const tracedTo = (url: string) => ({
  DATABASE_URL: books.url,
  TRACING: 'on',
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_SERVICE_NAME: 'traced-ledger',
  OTEL_BSP_SCHEDULE_DELAY: '50',
  ...localWebhookSettings,
});

beforeAll(async () => {
  books = await createTestDatabase();
  ({ apiKey } = await createTestLedger(books.database));
});
afterAll(() => books.verifyAndDrop());

function deposit(url: string, account: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v1/accounts/${account}/deposits`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ amount: '73.19', currency: 'USD' }),
  });
}

describe('with a receiver of spans', () => {
  let receiver: SpanReceiver;
  let service: ServerProcess;
  let client: TestClient;

  beforeAll(async () => {
    receiver = await startSpanReceiver();
    service = await startServerProcess(tracedTo(receiver.url));
    client = createTestClient(service.url, apiKey);
  });
  afterAll(async () => {
    expect(await service.end('SIGTERM')).toBe(0);
    await receiver.close();
  });

  const named = (name: string) => receiver.spans.filter((span) => span.name === name);

  test('each request that is booked is linked to from one group, and links to it', async () => {
    const account = await client.openAccount({ balance: '1.00' });
    await until(async () => named('posting group').length > 0);
    const before = named(depositRoute).length;
    const answers = await Promise.all(Array.from({ length: 20 }, () => deposit(service.url, account)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    await until(async () => named(depositRoute).length >= before + 20);
    const requests = named(depositRoute).slice(-20);
    const groupsOf = (spanId: string) =>
      named('posting group').filter(({ links }) => links.some((link) => link.spanId === spanId));
    await until(async () => requests.every(({ spanId }) => groupsOf(spanId).length > 0));
    for (const request of requests) {
      const groups = groupsOf(request.spanId);
      expect(groups).toHaveLength(1);
      expect(request.links.map(({ spanId }) => spanId)).toEqual([groups[0]!.spanId]);
      expect(request.attributes).toMatchObject({ 'http.route': depositRoute.slice(5), 'http.request.method': 'POST' });
      expect(groups[0]!.attributes).toMatchObject({ 'joint_ledger.group.outcome': 'committed' });
      const below = receiver.spans.filter(({ parentSpanId }) => parentSpanId === groups[0]!.spanId);
      expect(
        below.some(({ attributes }) => `${attributes['db.query.text']}`.includes('insert into transactions')),
      ).toBe(true);
    }
    expect(new Set(receiver.spans.map((span) => span.service))).toEqual(new Set(['traced-ledger']));
    for (const secret of [apiKey, account, '73.19', 'uthorization']) expect(receiver.text()).not.toContain(secret);
  });

  test('goes on with the trace of a caller, and its webhooks with it', async () => {
    const hooks = await startWebhookReceiver();
    const account = await client.openAccount({ balance: '1.00' });
    const registered = await client.post('/v1/webhook-endpoints', { url: hooks.url, accountIds: [account] });
    expect(registered.status).toBe(201);
    expect((await deposit(service.url, account, { traceparent })).status).toBe(201);
    // The opening of the account may be told before.
    const found = () =>
      hooks.received.map(({ headers }) => `${headers.traceparent}`).find((it) => it.includes(traceId));
    await until(async () => found() !== undefined);
    const sent = found()!;
    await until(async () => named('webhook delivery').some((span) => sent.includes(span.spanId)));
    const request = named(depositRoute).find((span) => span.traceId === traceId)!;
    expect(request.parentSpanId).toBe('b7ad6b7169203331');
    const delivery = named('webhook delivery').find((span) => sent.includes(span.spanId))!;
    expect(delivery).toMatchObject({ traceId, parentSpanId: request.spanId });
    expect(sent).toBe(`00-${traceId}-${delivery.spanId}-01`);
    await until(async () => named('work webhook-deliveries').length > 0);
    await hooks.close();
  });

  test.each(['nonsense', '00-0-0-00', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, 'ff'.repeat(4_000)])(
    'begins a trace where the one of the caller can not be read: %#',
    async (malformed) => {
      const account = await client.openAccount({ balance: '1.00' });
      const before = named(depositRoute).length;
      expect((await deposit(service.url, account, { traceparent: malformed })).status).toBe(201);
      await until(async () => named(depositRoute).length > before);
      expect(named(depositRoute).at(-1)!.parentSpanId).toBeUndefined();
    },
  );
});

test('goes on without a receiver, and with one that never answers, and stops in order', async () => {
  const silent = await startSpanReceiver({ silent: true });
  for (const url of ['http://127.0.0.1:9', silent.url]) {
    const service = await startServerProcess(tracedTo(url), ['--processes', '2']);
    const account = await createTestClient(service.url, apiKey).openAccount({ balance: '1.00' });
    expect((await deposit(service.url, account)).status).toBe(201);
    expect(await service.end('SIGTERM')).toBe(0);
  }
  expect(silent.spans.length).toBeGreaterThan(0);
  await silent.close();
});

/** Prints, when the process ends, whether it has loaded OpenTelemetry; its bare interface comes with the metrics. */
const countModules = `data:text/javascript,${encodeURIComponent(`
  import { createRequire } from 'node:module';
  const { cache } = createRequire('file:///');
  process.on('exit', () => {
    const count = Object.keys(cache).filter((file) => /@opentelemetry.(sdk|exporter|resources)/.test(file)).length;
    process.stdout.write('modules: ' + (count > 0));
  });
`)}`;

test.each(['on', 'off'])('loads OpenTelemetry and keeps traces only when it is on: %s', async (setting) => {
  const { url, database, verifyAndDrop } = await createTestDatabase();
  const ledger = await createTestLedger(database);
  const env = { ...process.env, ...tracedTo('http://127.0.0.1:9'), DATABASE_URL: url, PORT: '0', TRACING: setting };
  const program = path.join(projectFolder, 'dist/src/main.js');
  const child = spawn(process.execPath, ['--import', countModules, program], { cwd: projectFolder, env });
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += chunk));
  const address = /listens on (\S+)/.exec(await untilListening(child, /listens on \S+/))![1]!;
  await createTestClient(address, ledger.apiKey).openAccount({ balance: '1.00' });
  child.kill('SIGTERM');
  await once(child, 'close');
  expect(printed).toContain(`modules: ${setting === 'on'}`);
  expect((await database('event_traces').where('ledger_id', ledger.ledgerId)).length > 0).toBe(setting === 'on');
  await verifyAndDrop();
});
