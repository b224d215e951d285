import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const movement = JSON.stringify({ amount: '1.00', currency: 'USD' });
let service: TestService;
let [account, other, transfer] = ['', '', ''];

beforeAll(async () => {
  service = await startTestService();
  const { client } = service;
  [account, other] = [await client.openAccount({ balance: '10.00' }), await client.openAccount({ balance: '10.00' })];
  for (const name of ['Ann', 'Ben']) await client.createParty(name);
  await client.openAccount({ currency: 'JPY' });
  for (const id of [account, other])
    await client.post(`/v1/accounts/${id}/deposits`, { amount: '1.00', currency: 'USD' });
  transfer = JSON.stringify({ fromAccountId: account, toAccountId: other, amount: '1.00', currency: 'USD' });
});

afterAll(() => service.stop());

async function expectInvalid(path: string, fields: string[], body?: string): Promise<void> {
  await leavingTheBooksAlone(service, async () => {
    expectProblem(await sendRaw(service, { path, body }), 'validation_failed', fields);
  });
}

describe('ids in the path', () => {
  const zeros = '00000000-0000-0000-0000-00000000000';
  const bad = [
    'x',
    '0',
    '-1',
    nobody.slice(1),
    `${nobody}0`,
    `${zeros}g`,
    `%7B${nobody}%7D`,
    `${nobody}%00`,
    '%00',
    '%20',
    "'%20or%201=1--",
    '..%2f..',
    '%F0%9F%98%80',
  ];
  test.each(bad)('refuses %s', async (id) => {
    await expectInvalid(`/v1/accounts/${id}`, ['accountId']);
    await expectInvalid(`/v1/accounts/${id}/entries`, ['accountId']);
    await expectInvalid(`/v1/accounts/${id}/balances`, ['accountId']);
    await expectInvalid(`/v1/accounts/${id}/deposits`, ['accountId'], movement);
    await expectInvalid(`/v1/accounts/${id}/withdrawals`, ['accountId'], movement);
    await expectInvalid(`/v1/accounts/${id}/close`, ['accountId'], '{}');
    await expectInvalid(`/v1/transactions/${id}`, ['transactionId']);
    await expectInvalid(`/v1/parties/${id}`, ['partyId']);
  });

  test('says which thing there is not', async () => {
    for (const [path, code] of [
      [`/v1/accounts/${nobody}`, 'account_not_found'],
      [`/v1/accounts/${nobody}/entries`, 'account_not_found'],
      [`/v1/accounts/${nobody}/balances`, 'account_not_found'],
      [`/v1/accounts/${nobody}/balances?at=2026-01-01T00:00:00Z`, 'account_not_found'],
      [`/v1/balances?accountIds=${account},${nobody}`, 'account_not_found'],
      [`/v1/transactions/${nobody}`, 'transaction_not_found'],
      [`/v1/parties/${nobody}`, 'party_not_found'],
    ] as const) {
      expectProblem(await sendRaw(service, { path }), code);
    }
  });

  test.each(['%', '%zz', '%f', '%ff', '%c3%28', '%ed%a0%80'])(
    'refuses %s, which is no percent-encoded UTF-8',
    async (text) => {
      await expectInvalid(`/v1/accounts/${text}`, ['']);
      await expectInvalid(`/v1/accounts/${text}/deposits`, [''], movement);
      await leavingTheBooksAlone(service, async () => {
        const request = { method: 'PUT', path: `/v1/parties/by-external-id/${text}`, body: '{"name":"Ann"}' };
        expectProblem(await sendRaw(service, request), 'validation_failed', ['']);
      });
    },
  );

  test.each(['%00', 'a%00b', 'x'.repeat(201)])('refuses the external id %s', async (id) => {
    const account = '{"name":"Bad","currency":"USD","ownership":"sole"}';
    await leavingTheBooksAlone(service, async () => {
      for (const [path, body] of [
        ['parties', '{"name":"Ann"}'],
        ['accounts', account],
      ]) {
        const answer = await sendRaw(service, { method: 'PUT', path: `/v1/${path}/by-external-id/${id}`, body: body! });
        expectProblem(answer, 'validation_failed', ['externalId']);
      }
    });
  });

  test.each(['%00', 'a%00b'])('refuses %s as failed work and its queue', async (text) => {
    await expectInvalid(`/v1/failed-work/expiries/${text}/requeue`, ['itemId'], '{}');
    await expectInvalid(`/v1/failed-work/${text}/1/requeue`, ['queue'], '{}');
  });

  test('takes any other text as an external id', async () => {
    for (const id of ['a b', 'a/b', '../..', 'é😀', "'; drop table parties; --", '%00', '?&#']) {
      const path = `/v1/parties/by-external-id/${encodeURIComponent(id)}`;
      const answer = await service.client.put(path, { name: 'Ann' });
      expect([answer.status, answer.body.externalId]).toEqual([201, id]);
    }
  });
});

describe('the query', () => {
  test.each([
    'dryrun=true',
    'dry_run=true',
    'dryRun=TRUE',
    'dryRun=1',
    'dryRun=',
    'dryRun',
    'dryRun=true&dryRun=true',
    'dryRun[]=true',
    'dryRun=true%00',
  ])('moves no money when %s is misspelt', async (query) => {
    const name = decodeURIComponent(query.split(/[=&]/)[0]!);
    await expectInvalid(`/v1/accounts/${account}/deposits?${query}`, [name], movement);
    await expectInvalid(`/v1/accounts/${account}/withdrawals?${query}`, [name], movement);
    await expectInvalid(`/v1/transfers?${query}`, [name], transfer);
  });

  // Express parses at most 1,000 parameters, empty ones included, unless createApp tells it otherwise.
  test('moves no money when dryRun stands behind a thousand separators', async () => {
    await leavingTheBooksAlone(service, async () => {
      await sendRaw(service, {
        path: `/v1/accounts/${account}/deposits?${'&'.repeat(1_000)}dryRun=true`,
        body: movement,
      });
    });
  });

  test.each(['surprise=1', 'Limit=1', 'limit[]=1', 'toString=1', 'constructor=1', '__proto__=1', '%00=1', '=1'])(
    'refuses the unknown parameter %s everywhere',
    async (query) => {
      const name = decodeURIComponent(query.slice(0, -2));
      for (const path of [
        'parties',
        'accounts',
        `accounts/${account}`,
        `accounts/${account}/entries`,
        `accounts/${account}/balances`,
        'transactions',
      ]) {
        await expectInvalid(`/v1/${path}?${query}`, [name]);
      }
      await expectInvalid(`/v1/balances?accountIds=${account}&${query}`, [name]);
      await expectInvalid(`/v1/accounts/${account}/deposits?${query}`, [name], movement);
      await expectInvalid(`/v1/accounts/${account}/close?${query}`, [name], '{}');
      await expectInvalid(`/v1/parties?${query}`, [name], '{"name":"Ann"}');
      await expectInvalid(`/v1/accounts?${query}`, [name], '{"name":"Bad","currency":"USD","ownership":"sole"}');
    },
  );

  // The route has no schema for its query yet.
  test('refuses a parameter where a transaction is read', async () => {
    const { id } = (await service.client.get('/v1/transactions?limit=1')).body.data[0];
    await expectInvalid(`/v1/transactions/${id}?surprise=1`, ['surprise']);
  });

  test.each([
    '0',
    '-1',
    '+1',
    '201',
    '1000',
    'abc',
    '1.5',
    '1e2',
    '0x1',
    '01',
    '%201',
    '',
    '%D9%A1',
    '99999999999999999999',
  ])('refuses a page of %s items', async (limit) => {
    for (const list of ['parties', 'accounts', 'transactions', `accounts/${account}/entries`]) {
      await expectInvalid(`/v1/${list}?limit=${limit}`, ['limit']);
      await expectInvalid(`/v1/${list}?limit=1&limit=${limit || 1}`, ['limit']);
    }
  });

  test('takes a page of 1 and of 200 items', async () => {
    for (const limit of [1, 200]) expect((await service.client.get(`/v1/parties?limit=${limit}`)).status).toBe(200);
  });

  test.each(['up', 'DESC', '', 'asc&order=asc'])('refuses the order %s', async (order) => {
    await expectInvalid(`/v1/transactions?order=${order}`, ['order']);
    await expectInvalid(`/v1/accounts/${account}/entries?order=${order}`, ['order']);
  });

  test.each(['clear', 'Clearing', ''])('refuses to list accounts of ownership "%s"', async (ownership) => {
    await expectInvalid(`/v1/accounts?ownership=${ownership}`, ['ownership']);
  });

  const farFuture = '2126-01-01T00:00:00Z';
  const instants = [
    farFuture,
    '9998-12-31T23:59:59Z',
    'now',
    '',
    '2026-11-01',
    '2026-11-01T00:00:00',
    '2026-11-01%2000:00:00Z',
    '2026-11-01T00:00:00+02:00',
  ];
  const impossible = [
    '2026-02-30T00:00:00Z',
    '2026-11-01T24:00:00Z',
    '2026-11-01T00:00:60Z',
    '0000-01-01T00:00:00Z',
    '-001000-01-01T00:00:00Z',
    '1761955200',
    '2026-11-01T00:00:00%2B99:00',
    '2020-01-01T00:00:00Z&at=2021-01-01T00:00:00Z',
  ];
  test.each([...instants, ...impossible])('refuses the balance at "%s"', async (at) => {
    await expectInvalid(`/v1/accounts/${account}/balances?at=${at}`, ['at']);
  });

  test('takes an offset that is percent-encoded, and any instant of the past', async () => {
    for (const at of ['2025-11-01T02:00:00%2B02:00', '1900-01-01T00:00:00%2B14:00', '2025-11-01T00:00:00.123456789Z']) {
      const answer = await service.client.get(`/v1/accounts/${account}/balances?at=${at}`);
      expect([answer.status, answer.body.booked]).toEqual([200, '0.00']);
    }
  });

  test('refuses a list of accounts that is missing, too long, repetitive or not of ids', async () => {
    const many = Array.from({ length: 101 }, (_, index) => nobody.replace(/...$/, `${index + 100}`)).join();
    for (const [query, field] of [
      ['', 'accountIds'],
      ['?accountIds=', 'accountIds.0'],
      ['?accountIds=x', 'accountIds.0'],
      [`?accountIds=${account},`, 'accountIds.1'],
      [`?accountIds=${account},%00`, 'accountIds.1'],
      [`?accountIds=${account},%20${other}`, 'accountIds.1'],
      [`?accountIds=${account},${account.toUpperCase()}`, 'accountIds'],
      [`?accountIds=${account}&accountIds=${other}`, 'accountIds'],
      [`?accountIds=${many}`, 'accountIds'],
    ] as const) {
      await expectInvalid(`/v1/balances${query}`, [field]);
    }
  });
});

describe('cursors', () => {
  const lists = () => ({
    parties: '/v1/parties?limit=1',
    accounts: '/v1/accounts?limit=1',
    transactions: '/v1/transactions?limit=1',
    ascending: '/v1/transactions?limit=1&order=asc',
    entries: `/v1/accounts/${account}/entries?limit=1`,
    'ascending entries': `/v1/accounts/${account}/entries?limit=1&order=asc`,
    'entries of another account': `/v1/accounts/${other}/entries?limit=1`,
  });
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  test('goes on in the list that gave it and in no other', async () => {
    const cursors = new Map<string, string>();
    for (const [name, path] of Object.entries(lists()))
      cursors.set(name, (await service.client.get(path)).body.nextCursor);
    for (const [name, path] of Object.entries(lists())) {
      for (const [origin, cursor] of cursors) {
        const answer = await sendRaw(service, { path: `${path}&cursor=${cursor}` });
        if (origin === name) expect([answer.status, answer.body.data.length]).toEqual([200, 1]);
        else expectProblem(answer, 'invalid_cursor');
      }
    }
  });

  test('refuses one of customers’ accounts in the list of clearing accounts', async () => {
    const { nextCursor } = (await service.client.get('/v1/accounts?limit=1')).body;
    expectProblem(
      await sendRaw(service, { path: `/v1/accounts?ownership=clearing&cursor=${nextCursor}` }),
      'invalid_cursor',
    );
  });

  test('refuses one that was changed', async () => {
    const { nextCursor } = (await service.client.get(lists().transactions)).body;
    for (const cursor of [
      nextCursor.slice(1),
      nextCursor.slice(0, -3),
      `${nextCursor}A`,
      `${nextCursor}!`,
      `%20${nextCursor}`,
      `${nextCursor}=`,
    ]) {
      expectProblem(await sendRaw(service, { path: `${lists().transactions}&cursor=${cursor}` }), 'invalid_cursor');
    }
  });

  test.each([
    ...['x', '!!!', '%00', '%ff', '%F0%9F%98%80', '0', 'null', encode(null), encode('transactions desc'), encode([])],
    ...[
      encode({}),
      encode(['transactions desc']),
      encode(['transactions desc', nobody, 1]),
      encode(['transactions desc', 7]),
    ],
    ...[
      encode(['transactions desc', "x' or true"]),
      encode(['transactions desc', null]),
      encode([['transactions desc'], nobody]),
    ],
    Buffer.from('[[[[[[[[').toString('base64url'),
  ])('refuses %s', async (cursor) => {
    expectProblem(await sendRaw(service, { path: `${lists().transactions}&cursor=${cursor}` }), 'invalid_cursor');
  });

  test.each([-1, 1.5, 1e300, '1', nobody, null, true])('refuses one of entries after version %j', async (version) => {
    const cursor = encode([`entries ${account} desc`, version]);
    expectProblem(await sendRaw(service, { path: `${lists().entries}&cursor=${cursor}` }), 'invalid_cursor');
  });

  test.each(['expiries', 'expiries \0', '\0 1', 7])('refuses one of failed work after %j', async (key) => {
    const cursor = encode(['failed-work', key]);
    expectProblem(await sendRaw(service, { path: `/v1/failed-work?cursor=${cursor}` }), 'invalid_cursor');
  });

  test.each(['', 'x'.repeat(513), 'x&cursor=x'])('refuses the parameter cursor=%s', async (cursor) => {
    await expectInvalid(`/v1/parties?cursor=${cursor}`, ['cursor']);
  });
});
