import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let from: string;
let to: string;

beforeAll(async () => {
  service = await startTestService();
  from = await service.client.openAccount({ balance: '100.00' });
  to = await service.client.openAccount();
});

afterAll(() => service.stop());

/** Everything that a movement could have changed. */
async function readState() {
  const { client } = service;
  const paths = [from, to].flatMap((account) => [`/v1/accounts/${account}`, `/v1/accounts/${account}/entries`]);
  const answers = [];
  for (const path of [...paths, '/v1/transactions']) answers.push((await client.get(path)).body);
  return { answers, keys: await service.rows('idempotency_keys').orderBy('key').pluck('key') };
}

const movements = [
  { kind: 'deposit', call: () => `/v1/accounts/${from}/deposits`, body: () => ({}), balances: ['140.00'] },
  { kind: 'withdrawal', call: () => `/v1/accounts/${from}/withdrawals`, body: () => ({}), balances: ['60.00'] },
  {
    kind: 'transfer',
    call: () => '/v1/transfers',
    body: () => ({ fromAccountId: from, toAccountId: to }),
    balances: ['60.00', '40.00'],
  },
];

test.each(movements)('says what a $kind would book, and books nothing', async ({ kind, call, body, balances }) => {
  const { client } = service;
  const before = await readState();
  const terms = { ...body(), amount: '40.00', currency: 'USD', description: 'What if' };
  const answer = await client.post(`${call()}?dryRun=true`, terms);
  expect(answer.status).toBe(200);
  expect(answer.headers.location).toBeUndefined();
  expect(answer.body).toMatchObject({
    id: null,
    type: kind,
    status: 'dry_run',
    amount: '40.00',
    description: 'What if',
  });
  const balancesAfter = answer.body.entries.flatMap((entry: { balanceAfter?: string }) => entry.balanceAfter ?? []);
  expect(balancesAfter).toEqual(balances);
  expect(await readState()).toEqual(before);
});

test('says why a movement would be refused, as the movement itself would', async () => {
  const { client } = service;
  const path = `/v1/accounts/${from}/withdrawals`;
  const before = await readState();
  const tooMuch = { amount: '100.01', currency: 'USD' };
  const dry = await client.post(`${path}?dryRun=true`, tooMuch);
  expect(await readState()).toEqual(before);
  const real = await client.post(path, tooMuch);
  expect(dry.body).toMatchObject({ status: 422, code: 'insufficient_funds', available: '100.00' });
  expect({ ...dry.body, requestId: '' }).toEqual({ ...real.body, requestId: '' });
});

test('uses no idempotency key up, and books for real with dryRun=false', async () => {
  const { client } = service;
  const account = await client.openAccount();
  const key = { 'Idempotency-Key': 'tried-dry' };
  const path = `/v1/accounts/${account}/deposits`;
  for (const amount of ['1.00', '2.00']) {
    const dry = await client.post(`${path}?dryRun=true`, { amount, currency: 'USD' }, key);
    expect(dry.body).toMatchObject({ status: 'dry_run', amount });
  }
  const real = await client.post(`${path}?dryRun=false`, { amount: '3.00', currency: 'USD' }, key);
  expect(real.status).toBe(201);
  expect(real.headers['idempotent-replayed']).toBeUndefined();
  expect(await client.balance(account)).toBe('3.00');
});

test('offers no dry run where nothing would be told by it', async () => {
  const { client } = service;
  const before = await readState();
  const body = { name: 'What if', currency: 'USD', ownership: 'joint' };
  const answer = await client.post('/v1/accounts?dryRun=true', body);
  expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed', errors: [{ path: 'dryRun' }] });
  expect(await readState()).toEqual(before);
});
