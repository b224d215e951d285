import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Client,
  createClient,
  LedgerError,
  type Party,
  type RetryOptions,
  UnansweredError,
} from '../../src/client/client.ts';
import { readDescription } from '../support/api-description.ts';
import { generateClient } from '../support/generate-client.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { projectFolder } from '../support/server-process.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

test('knows the API as it is described (npm run api:describe writes it anew)', async () => {
  const committed = readFileSync(path.join(projectFolder, 'src/client/known-api.ts'), 'utf8');
  expect(generateClient(JSON.parse(await readDescription()))).toBe(committed);
});

describe('with a service', () => {
  let service: TestService;
  let client: Client;

  beforeAll(async () => {
    service = await startTestService();
    client = createClient({ baseUrl: `${service.url}/`, apiKey: service.apiKey });
  });

  afterAll(() => service.stop());

  test('puts what a call takes into its address, its query and its body', async () => {
    const party = await client.getOrCreateParty({ externalId: 'a/b ü', name: 'Ann' });
    expect(await client.getParty({ partyId: party.id })).toEqual(party);
    const account = await client.openAccount({ name: 'Ann', currency: 'EUR', holders: [{ partyId: party.id }] });
    const money = { accountId: account.id, amount: '2.00', currency: 'EUR' } as const;
    await client.createDeposit({ ...money, metadata: { 'in.voice': 'A-1' } });
    await client.createDeposit(money);
    const found = await client.listEntries({ accountId: account.id, metadata: { 'in.voice': 'A-1' }, limit: 5 });
    expect(found.data.map(({ amount }) => amount)).toEqual(['2.00']);
  });

  test('tells what is booked, what waits, and what would happen apart', async () => {
    const { id: accountId } = await openJointAccount(
      service.client,
      { ann: {}, bob: {} },
      { balance: '9.00', mandate: () => ({ bands: [{ rule: 'all' }] }) },
    );
    const withdrawal = { accountId, amount: '1.00', currency: 'USD' } as const;
    const dry = await client.createWithdrawal({ ...withdrawal, dryRun: true });
    expect(dry.status).toBe('dry_run');
    const booked = await client.createWithdrawal(withdrawal);
    expect(booked.kind === 'transaction' && booked.entries[0]?.balanceAfter).toBe('8.00');
    const { holders } = await client.getAccount({ accountId });
    const waiting = await client.createWithdrawal({ ...withdrawal, initiatedBy: holders[0]!.partyId });
    expect(waiting.kind === 'payment_order' && waiting.multiAuthorisation.missingFrom).toEqual([holders[1]!.partyId]);
  });

  test('throws refusals by their codes, at once where trying again cannot help', async () => {
    const accountId = await service.client.openAccount({ balance: '10.00' });
    const error = await client
      .createWithdrawal({ accountId, amount: '10.01', currency: 'USD' })
      .catch((thrown) => thrown);
    if (!LedgerError.is(error, 'insufficient_funds', 'account_closed')) throw error;
    const code: 'insufficient_funds' | 'account_closed' = error.code;
    expect([code, error.status, error.problem.available, error.attempts]).toEqual([
      ...['insufficient_funds', 422, '10.00', 1],
    ]);
    expect(error.requestId).toBe(error.problem.requestId);
    expect(LedgerError.is(error, 'account_closed')).toBe(false);
    expect(LedgerError.is(error)).toBe(true);
  });

  test('hands on its options, and the headers of answers', async () => {
    const accountId = await service.client.openAccount();
    const read = await client.call('getAccount', { accountId });
    const changed = client.updateAccount({ accountId, name: 'Other' }, { ifMatch: '"7"' });
    await expect(changed).rejects.toMatchObject({ code: 'version_mismatch' });
    await client.updateAccount({ accountId, name: 'Other' }, { ifMatch: read.headers.get('ETag')! });
    const waited = await client.call('closeAccount', { accountId }, { waitSeconds: 3 });
    expect([waited.status, waited.headers.get('Preference-Applied')]).toEqual([200, 'wait=3']);
  });

  test('goes through all pages of a list, and no further than it is asked to', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `Party ${index}`);
    for (const name of names) await client.createParty({ name });
    const all: string[] = [];
    for await (const { name } of client.each('listParties', { limit: 2 })) all.push(name);
    expect(all.filter((name) => names.includes(name)).toSorted()).toEqual(names);
    const some: Party[] = [];
    for await (const party of client.each('listParties')) if (some.push(party) === 2) break;
    expect(some).toHaveLength(2);
    // The log has no last page: it ends where nothing is behind it.
    for await (const event of client.each('listEvents', { limit: 2 })) expect(event.specversion).toBe('1.0');
  });

  test('ends a stream that cannot go on', async () => {
    const outdated = client.events({ cursor: '1-2-3' });
    await expect(outdated.next()).rejects.toMatchObject({ code: 'cursor_outdated' });
    const unauthorized = createClient({ baseUrl: service.url, apiKey: 'x' }).events();
    await expect(unauthorized.next()).rejects.toMatchObject({ code: 'unauthorized' });
    const leaving = new AbortController();
    const quiet = client.events({}, { signal: leaving.signal }).next();
    leaving.abort(new Error('left'));
    await expect(quiet).rejects.toThrow('left');
  });

  test('what does not fit a call does not compile', () => {
    const calls = () => [
      // @ts-expect-error: amounts are text.
      client.createDeposit({ accountId: '', amount: 5, currency: 'USD' }),
      // @ts-expect-error: there is no such currency.
      client.createDeposit({ accountId: '', amount: '5.00', currency: 'DOLLAR' }),
      // @ts-expect-error: something is missing.
      client.createTransfer({ fromAccountId: '', amount: '5.00', currency: 'USD' }),
      // @ts-expect-error: it takes something.
      client.getAccount(),
      // @ts-expect-error: it is no list.
      client.each('getAccount', { accountId: '' }),
    ];
    expect(calls).toBeInstanceOf(Function);
  });
});

describe('what stands between answers', () => {
  let server: http.Server;
  let requests: http.IncomingMessage[];

  async function answering(
    answers: readonly (readonly [number, object?, string?])[],
    retry: Partial<RetryOptions> = {},
  ) {
    requests = [];
    server = http.createServer((request, response) => {
      const [status, headers, body] = answers[Math.min(requests.push(request), answers.length) - 1]!;
      // 0 stands for none.
      if (status !== 0) request.resume().on('end', () => response.writeHead(status, { ...headers }).end(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return createClient({ baseUrl, apiKey: 'x', retry: { firstPauseMs: 1, maxPauseMs: 2, ...retry } });
  }

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const problemOf = (code: string, status: number) =>
    [
      status,
      { 'Content-Type': 'application/problem+json' },
      JSON.stringify({ type: `/errors#${code}`, title: 'T', status, detail: 'D', code }),
    ] as const;
  const party = [200, { 'Content-Type': 'application/json' }, '{"id":"1"}'] as const;
  const deposit = { accountId: 'a', amount: '1.00', currency: 'USD' } as const;
  const keysSent = () => requests.map(({ headers }) => headers['idempotency-key']);

  test('the same key goes with each attempt, and another with each call', async () => {
    const client = await answering([problemOf('ledger_busy', 503), [502], problemOf('account_locked', 409), party]);
    await client.createDeposit(deposit);
    expect([requests.length, new Set(keysSent()).size]).toEqual([4, 1]);
    await client.createDeposit(deposit);
    expect(new Set(keysSent()).size).toBe(2);
  });

  test('attempts have an end', async () => {
    const client = await answering([problemOf('ledger_busy', 503)], { attempts: 3 });
    await expect(client.createDeposit(deposit)).rejects.toMatchObject({ code: 'ledger_busy', attempts: 3 });
    expect(requests).toHaveLength(3);
  });

  test('time has an end: what asks to come later than that is refused at once', async () => {
    const [status, headers, body] = problemOf('ledger_busy', 503);
    const client = await answering([[status, { ...headers, 'Retry-After': '3600' }, body]]);
    await expect(client.createDeposit(deposit)).rejects.toMatchObject({ code: 'ledger_busy', attempts: 1 });
  });

  test('an attempt has an end, when no answer comes', async () => {
    const client = await answering([[0], party], { attemptMs: 2_000 });
    expect(await client.getParty({ partyId: '1' })).toEqual({ id: '1' });
    expect(requests.length).toBeGreaterThan(1);
  });

  test('waits as long as it is asked to', async () => {
    const client = await answering([[429, { 'Retry-After': '1' }], party]);
    const startedAt = performance.now();
    await client.getParty({ partyId: '1' });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1_000);
  });

  test('a call that has no key and changes something is made once', async () => {
    const client = await answering([[503]]);
    const requeued = client.requeueFailedWork({ queue: 'q', itemId: 'i' });
    await expect(requeued).rejects.toBeInstanceOf(UnansweredError);
    expect(requests).toHaveLength(1);
  });

  test.each([
    [[404, {}, 'nothing here'] as const],
    [[302, { Location: '/elsewhere' }] as const],
    [[200, { 'Content-Type': 'text/html' }, '<p>Sign in</p>'] as const],
  ])('what is not of the service is no answer of it: %j', async (answer) => {
    const client = await answering([answer]);
    const error = await client.getParty({ partyId: '1' }).catch((thrown) => thrown);
    expect([error.name, requests.length]).toEqual(['UnansweredError', 1]);
    expect(error.message).toContain(`${answer[0]} that is not the service`);
  });

  test('a signal ends a call in its pause', async () => {
    const client = await answering([problemOf('ledger_busy', 503)], { firstPauseMs: 60_000, maxPauseMs: 60_000 });
    const leaving = new AbortController();
    const call = client.createDeposit(deposit, { signal: leaving.signal });
    while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    leaving.abort(new Error('left'));
    await expect(call).rejects.toThrow('left');
    await expect(client.createDeposit(deposit, { signal: leaving.signal })).rejects.toThrow('left');
  });

  test('a stream whose log has forked ends with the last place that still holds', async () => {
    const facts = { lastCommonPosition: 4, lastCommonCursor: '0-4-01234567-0.01234567' };
    const data = JSON.stringify({ code: 'log_forked', detail: 'D', facts });
    const stream = `retry: 1\nid: begin\n\nid: 0-0-x\nevent: party.created\ndata: {"id":"0-0-x"}\n\nevent: log_forked\ndata: ${data}\n\n`;
    const client = await answering([[200, { 'Content-Type': 'text/event-stream' }, stream]]);
    const events = client.events();
    expect((await events.next()).value).toEqual({ id: '0-0-x' });
    const error = await events.next().catch((thrown) => thrown);
    expect(LedgerError.is(error, 'log_forked') && error.problem.lastCommonPosition).toBe(4);
  });

  test('a stream comes again behind what it has seen, and gives up in the end', async () => {
    const type = { 'Content-Type': 'text/event-stream' };
    const client = await answering([[200, type, 'id: 7\n\n: heartbeat\nid: 8\n\nid: 9'], [503]], { attempts: 3 });
    await expect(client.events({ cursor: '6' }).next()).rejects.toBeInstanceOf(UnansweredError);
    expect(requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '8', '8']);
  });
});
