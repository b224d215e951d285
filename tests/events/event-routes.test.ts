import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createApiKey, hashApiKey } from '../../src/ledger/api-key.ts';
import { untilLogged } from '../support/event-log.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { makeOrder, pay, sign } from '../support/payment-orders.ts';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back.
type Told = any;

/** Reads a page, once everything that was committed is in the log. */
async function readTold(path: string, by = client, ledgerId = service.ledgerId): Promise<Told> {
  await untilLogged({ database: service.database, ledgerId });
  return (await by.get(path)).body;
}

/** All events of an account, which counts them. */
async function eventsOf(accountId: string): Promise<Told[]> {
  const [{ event_count }] = await service.rows('accounts').where('id', accountId).select('event_count');
  const { data } = await readTold(`/v1/events?accountId=${accountId}&limit=200`);
  expect(data).toHaveLength(event_count);
  return data;
}

async function boundClient(partyId: string): Promise<TestClient> {
  const apiKey = createApiKey(service.ledgerId);
  const row = { ledger_id: service.ledgerId, id: uuidv7(), name: 'Bound', party_id: partyId };
  await service.database('api_keys').insert({ ...row, key_hash: hashApiKey(apiKey) });
  return createTestClient(service.url, apiKey);
}

/** Opens a stream, and reads messages from it one by one. */
async function openStream(url: string, query = '', headers: Record<string, string> = {}) {
  const asked = get(`${url}/v1/events/stream${query}`, {
    headers: { authorization: `Bearer ${service.apiKey}`, ...headers },
    agent: false,
  });
  const [incoming] = (await once(asked, 'response')) as [IncomingMessage];
  incoming.setEncoding('utf8');
  let text = '';
  const ended = new Promise<void>((resolve) => incoming.once('close', () => resolve()));
  incoming.on('error', () => {});
  incoming.on('data', (chunk: string) => (text += chunk));
  return {
    status: incoming.statusCode,
    headers: incoming.headers,
    ended,
    hangUp: () => asked.destroy(),
    /** The messages with data, once there are so many. */
    async messages(count: number): Promise<Array<{ id: string; type: string; document: Told }>> {
      for (;;) {
        const whole = text.split('\n\n').slice(0, -1);
        const found = whole.flatMap((message) => {
          const fields = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(message);
          return fields === null ? [] : { id: fields[1]!, type: fields[2]!, document: JSON.parse(fields[3]!) };
        });
        if (found.length >= count) return found;
        await Promise.race([
          new Promise((resolve) => incoming.once('data', resolve)),
          ended.then(() => Promise.reject(new Error('the stream ended'))),
        ]);
      }
    },
  };
}

describe('the log', () => {
  test('tells what happens to an account in its sequence, with the documents that callers see', async () => {
    const holders = { ann: {}, bob: {} };
    const { id, party } = await openJointAccount(client, holders, {
      balance: '100.00',
      mandate: () => ({ rule: 'all' }),
    });
    const order = await makeOrder(client, id, { amount: '10.00', initiatedBy: party.ann });
    const signed = await sign(client, order, party.bob);
    const { transaction, ...booked } = signed.body;
    const held = (await client.post('/v1/holds', { accountId: id, amount: '5.00', currency: 'USD' })).body;
    const voided = (await client.post(`/v1/holds/${held.id}/void`)).body;
    const told = await eventsOf(id);
    expect(told.map(({ type }) => type)).toEqual([
      ...['account.opened', 'transaction.booked', 'payment_order.waiting', 'transaction.booked'],
      ...['payment_order.booked', 'hold.placed', 'hold.voided'],
    ]);
    expect(told.map(({ sequence }) => sequence)).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    expect(told.slice(2).map(({ data }) => data)).toEqual([order, transaction, booked, held, voided]);
    expect(told.slice(2).map(({ subject }) => subject)).toEqual([order.id, transaction.id, order.id, held.id, held.id]);
    expect(told[5]).toEqual({
      specversion: '1.0',
      id: expect.stringMatching(/^0-\d+-[0-9a-f]{8}-0\.[0-9a-f]{8}$/),
      source: `/ledgers/${service.ledgerId}`,
      type: 'hold.placed',
      subject: held.id,
      time: held.createdAt,
      datacontenttype: 'application/json',
      sequence: '6',
      sequencetype: 'Integer',
      accountid: id,
      data: held,
    });
    expect((await client.get(`/v1/events/${told[5].id}`)).body).toEqual(told[5]);
  });

  test('tells of what ends as a consequence: rivals, and orders that nobody can sign any more', async () => {
    const { id, party } = await openJointAccount(
      client,
      { ann: {}, bob: {} },
      {
        balance: '100.00',
        mandate: () => ({
          bands: [
            { rule: 'any', upTo: '5.00' },
            { rule: 'count', count: 2 },
          ],
        }),
      },
    );
    const project = (await client.post(`/v1/accounts/${id}/projects`, { name: 'Roof' })).body;
    const propose = async (amount: string) =>
      (await client.post(`/v1/projects/${project.id}/proposals`, { title: amount, amount, currency: 'USD' })).body;
    const [first, second] = [await propose('1.00'), await propose('2.00')];
    const acceptance = { by: party.ann, instructionHash: first.instructionHash };
    expect((await client.post(`/v1/proposals/${first.id}/accept`, acceptance)).status).toBe(200);
    const order = await makeOrder(client, id, { amount: '10.00', initiatedBy: party.ann });
    expect((await client.post(`/v1/accounts/${id}/holders/${party.bob}/leave`)).status).toBe(200);
    const told = (await eventsOf(id)).slice(5);
    expect(told.map(({ type, subject }) => [type, subject])).toEqual([
      ['transaction.booked', expect.any(String)],
      ['proposal.accepted', first.id],
      ['project.assigned', project.id],
      ['proposal.rejected', second.id],
      ['payment_order.waiting', order.id],
      ['holder.left', party.bob],
      ['payment_order.rejected', order.id],
    ]);
    for (const [index, path] of ['proposals', 'projects', 'proposals', '', '', 'payment-orders'].entries()) {
      if (path === '') continue;
      const { data, subject } = told[index + 1];
      expect((await client.get(`/v1/${path}/${subject}`)).body).toEqual(data);
    }
  });

  test('says nothing of what changes nothing', async () => {
    const { id, party } = await openJointAccount(
      client,
      { ann: {}, bob: {}, cai: {} },
      {
        balance: '50.00',
        mandate: () => ({ rule: 'all' }),
      },
    );
    const order = await makeOrder(client, id, { amount: '1.00', initiatedBy: party.ann });
    await sign(client, order, party.bob);
    await sign(client, order, party.bob);
    await pay(client, id, { amount: '999.00' });
    expect((await eventsOf(id)).map(({ type }) => type).slice(2)).toEqual([
      'payment_order.waiting',
      'payment_order.signed',
    ]);
  });

  test('is read page by page: the cursor of the last page leads to what comes later', async () => {
    const ledger = await createTestLedger(service.database);
    const own = createTestClient(service.url, ledger.apiKey);
    expect((await own.get('/v1/events')).body).toEqual({ data: [], nextCursor: null });
    const parties = [await own.createParty('A'), await own.createParty('B'), await own.createParty('C')];
    const page = (cursor?: string) =>
      readTold(`/v1/events?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`, own, ledger.ledgerId);
    const first = await page();
    const second = await page(first.nextCursor);
    const subjects = [...first.data, ...second.data].map(({ subject }: Told) => subject);
    expect(subjects).toEqual(parties);
    const third = await page(second.nextCursor);
    expect(third).toEqual({ data: [], nextCursor: second.nextCursor });
    const later = await own.createParty('D');
    expect((await page(third.nextCursor)).data.map(({ subject }: Told) => subject)).toEqual([later]);
    expect((await own.get('/v1/events?types=account.opened,account.closed')).body.data).toEqual([]);
    expect((await own.get(`/v1/events?types=party.created`)).body.data).toHaveLength(4);
  });

  test('misses nothing while many write from two processes', async () => {
    const second = await startSecondApi(service);
    const account = await client.openAccount();
    let writing = true;
    const appending = (async () => {
      while (writing) await untilLogged(service);
      await untilLogged(service);
    })();
    const seen: string[] = [];
    // That it was opened, and then each deposit.
    let told = 1;
    const reading = (async () => {
      let cursor = '';
      for (;;) {
        const last = !writing;
        const { body } = await client.get(`/v1/events?accountId=${account}&limit=7${cursor}`);
        seen.push(...body.data.map(({ sequence }: Told) => sequence));
        if (body.nextCursor !== null) cursor = `&cursor=${body.nextCursor}`;
        if (last && seen.length >= told) return;
      }
    })();
    const clients = [client, second.client];
    for (const _round of roundsOf(10)) {
      told += 30;
      await startTogether(30, (n) =>
        clients[n % 2]!.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' }),
      );
    }
    writing = false;
    await appending;
    await reading;
    await second.api.stop(5_000);
    expect(seen).toEqual(Array.from({ length: told }, (_, index) => `${index + 1}`));
  });

  test.each([
    ['?limit=0', 'validation_failed'],
    ['?limit=201', 'validation_failed'],
    ['?types=', 'validation_failed'],
    ['?types=account.opened,nothing.happened', 'validation_failed'],
    ['?accountId=x', 'validation_failed'],
    ['?after=0-1-1', 'validation_failed'],
    ['?cursor=nonsense', 'invalid_cursor'],
    [`?cursor=${Buffer.from('["parties","0-1-1"]').toString('base64url')}`, 'invalid_cursor'],
    [`?cursor=${Buffer.from('["events","0-999999999-1"]').toString('base64url')}`, 'cursor_outdated'],
    ['?cursor=0-8123-1', 'cursor_outdated'],
    ['?cursor=0-1-0000000a', 'invalid_cursor'],
    ['?cursor=0-0-00000000-0.00000000', 'log_forked'],
    ['/begin', 'event_not_found'],
    ['/0-0-00000000-0.00000000', 'event_not_found'],
    ['?accountId=01890a5d-ac96-774b-bcce-b302099a8057', 'account_not_found'],
    ['/0-1-1', 'event_not_found'],
    ['/x', 'event_not_found'],
    ['/stream?types=nothing', 'validation_failed'],
    ['/stream?limit=1', 'validation_failed'],
  ])('refuses %s with %s', async (query, code) => {
    expect((await client.get(`/v1/events${query}`)).body.code).toBe(code);
  });
});

test('a party sees the events of the accounts that it may view, and no balance of others', async () => {
  const mine = await openJointAccount(client, { ann: {} }, { balance: '765.43' });
  const other = await openJointAccount(client, { zoe: {} }, { balance: '987.65' });
  const moved = await pay(client, mine.id, { amount: '1.00', toAccountId: other.id });
  const ann = await boundClient(mine.party.ann);
  const seen = (await readTold('/v1/events', ann)).data;
  expect(seen.map(({ accountid }: Told) => accountid)).toEqual([mine.id, mine.id, mine.id]);
  expect(seen[2].data).toEqual((await ann.get(`/v1/transactions/${moved.body.id}`)).body);
  expect(JSON.stringify(seen)).not.toContain('988.65');
  const [first] = await eventsOf(other.id);
  expect((await ann.get(`/v1/events/${first.id}`)).body.code).toBe('event_not_found');
  expect((await ann.get(`/v1/events?accountId=${other.id}`)).body.code).toBe('account_not_found');
});

describe('a stream', () => {
  const deposit = (account: string, by = client) =>
    by.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' });

  test('tells what happens from now on, also in another process, and goes on where it broke off', async () => {
    const second = await startSecondApi(service);
    const account = await client.openAccount();
    const stream = await openStream(service.url, `?accountId=${account}&types=transaction.booked`);
    expect([stream.status, stream.headers['content-type']]).toEqual([200, 'text/event-stream']);
    const { body } = await deposit(account, second.client);
    await untilLogged(service);
    const [message] = await stream.messages(1);
    expect([message!.type, message!.document.data, message!.id]).toEqual([
      ...['transaction.booked', body, message!.document.id],
    ]);
    stream.hangUp();
    await stream.ended;
    for (let missed = 0; missed < 3; missed++) await deposit(account);
    const query = `?accountId=${account}&types=transaction.booked`;
    const again = await openStream(`http://127.0.0.1:${second.api.port}`, query, { 'Last-Event-ID': message!.id });
    await deposit(account);
    await untilLogged(service);
    const rest = await again.messages(4);
    expect(rest.map(({ document }) => document.sequence)).toEqual(['3', '4', '5', '6']);
    again.hangUp();
    await again.ended;
    await second.api.stop(5_000);
  });

  test('tells all of a log that is longer than its buffers, once and in order', async () => {
    const account = await client.openAccount();
    const { ledgerId } = service;
    await service.database.raw(
      `with told as (
         insert into events (ledger_id, id, account_id, sequence, type, subject_id, occurred_at, data)
         select ledger_id, gen_random_uuid(), id, n + 1, 'account.updated', id, now(),
                json_build_object('text', repeat('x', 20000))
         from accounts, generate_series(1, 300) n where ledger_id = ? and id = ? returning *),
       named as (
         insert into log_inbox
         select ledger_id, (extract(epoch from now()) * 1e6)::bigint, 0, array_agg(account_id order by sequence),
                array_agg(sequence order by sequence), null, array_agg(id order by sequence)
         from told group by ledger_id)
       update accounts set event_count = event_count + (select count(*) from told) where ledger_id = ? and id = ?`,
      [ledgerId, account, ledgerId, account],
    );
    const [{ id: first }] = (await readTold(`/v1/events?accountId=${account}&limit=1`)).data;
    const stream = await openStream(service.url, `?accountId=${account}`, { 'Last-Event-ID': first });
    const all = await stream.messages(300);
    expect(all.map(({ document }) => document.sequence)).toEqual(all.map((_, index) => `${index + 2}`));
    stream.hangUp();
    await stream.ended;
  });

  test('begins wherever it is told to, also before everything', async () => {
    const account = await client.openAccount({ balance: '1.00' });
    await untilLogged(service);
    const stream = await openStream(service.url, `?accountId=${account}`, { 'Last-Event-ID': 'begin' });
    const told = await stream.messages(2);
    expect(told.map(({ type }) => type)).toEqual(['account.opened', 'transaction.booked']);
    stream.hangUp();
    await stream.ended;
  });

  test('ends when its process drains', async () => {
    const second = await startSecondApi(service);
    const stream = await openStream(`http://127.0.0.1:${second.api.port}`);
    expect(await second.api.stop(20_000)).toBe(true);
    await stream.ended;
  });

  test('refuses to begin behind what was never told', async () => {
    const forked = ['0-999999999-01234567-0.01234567', '7-1-01234567-1.01234567-0.01234567'];
    const wrong = ['x', '', '0-1-1-1', '-1-1-1', '0-1-0123456a', '0-1-01234567-', `0-${'9'.repeat(5_000)}-1`];
    for (const id of [...wrong, ...forked]) {
      const stream = await openStream(service.url, '', { 'Last-Event-ID': id });
      expect([id, stream.status]).toEqual([id, forked.includes(id) ? 409 : 400]);
      stream.hangUp();
    }
  });

  test('is one of a hundred at most', async () => {
    const streams = await startTogether(100, () => openStream(service.url));
    const refused = await openStream(service.url);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '10']);
    for (const stream of [...streams, refused]) stream.hangUp();
    await Promise.all(streams.map(({ ended }) => ended));
  });
});
