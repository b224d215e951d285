import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createOperation } from '../../src/ledger/operation.ts';
import { createPostingEngine } from '../../src/ledger/posting-engine.ts';
import { Money } from '../../src/money/money.ts';
import { createDeposit } from '../../src/movements/create-movement.ts';
import { postMovement } from '../../src/movements/post-movement.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// What was booked is not stored with its key but read from the journal (docs/adr/0035): the answer must be the same text.

let service: TestService;
let joint: Awaited<ReturnType<typeof openJointAccount<'earner' | 'spender'>>>;
let other: string;

const bothAbove100 = { bands: [{ upTo: '100.00', rule: 'any' as const }, { rule: 'all' as const }] };

beforeAll(async () => {
  service = await startTestService({});
  const { client } = service;
  joint = await openJointAccount(
    client,
    { earner: {}, spender: {} },
    { balance: '1000.00', mandate: () => bothAbove100 },
  );
  other = await client.openAccount({ balance: '50.00' });
  // So that the account has another revision than zero.
  const renamed = await client.patch(`/v1/accounts/${joint.id}`, { overdraftLimit: '5.00' });
  expect(renamed.status).toBe(200);
});

afterAll(() => service.stop());

const keyed = (key: string) => ({ 'Idempotency-Key': key });

/** What jsonb keeps in another order, and numbers that it writes in another way. */
const metadata = {
  zebra: 'z',
  b: [1, { yy: 1e-300, x: -0.5, é: '\u{1f600}' }],
  10: 1e-7,
  9: 9007199254740991,
  aa: { longer: null, no: true },
};

const money = { amount: '10.00', currency: 'USD' };
const calls: ReadonlyArray<{ name: string; path: () => string; body: () => object }> = [
  {
    name: 'a deposit',
    path: () => `/v1/accounts/${joint.id}/deposits`,
    body: () => ({ ...money, metadata, description: 'Salary "net"', reference: 'R-1', valueDate: '2026-01-31' }),
  },
  {
    name: 'a withdrawal by a holder',
    path: () => `/v1/accounts/${joint.id}/withdrawals`,
    body: () => ({ ...money, initiatedBy: joint.party.earner, metadata: { b: 1, a: 2 } }),
  },
  {
    name: 'a transfer',
    path: () => '/v1/transfers',
    body: () => ({ ...money, fromAccountId: other, toAccountId: joint.id, externalId: uuidv7() }),
  },
  {
    name: 'a multi-leg transaction',
    path: () => '/v1/transactions',
    body: () => ({
      entries: [
        { accountId: joint.id, amount: '-3.00', currency: 'USD' },
        { accountId: other, amount: '3.00', currency: 'USD' },
      ],
    }),
  },
];

async function storedWith(key: string) {
  const [row] = await service.rows('idempotency_keys').where({ key }).select('outcome', 'transaction_id');
  return row;
}

test.each(calls)('answers $name again to the byte, long after, without having stored it', async ({ path, body }) => {
  const { client } = service;
  const [key, asked] = [uuidv7(), body()];
  const first = await client.post(path(), asked, keyed(key));
  expect(first.status).toBe(201);
  expect(await storedWith(key)).toEqual({ outcome: null, transaction_id: first.body.id });

  // Much happens to the account and to the transaction.
  await client.post(`/v1/accounts/${joint.id}/deposits`, money);
  await client.patch(`/v1/accounts/${joint.id}`, { overdraftLimit: `${Math.floor(Math.random() * 1000)}.00` });
  const reversed = await client.post(`/v1/transactions/${first.body.id}/reversals`, { reason: 'Wrong' });
  expect(reversed.status).toBe(201);

  const again = await client.post(path(), asked, keyed(key));
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect(again.text).toBe(first.text);
  expect(again.status).toBe(first.status);
  expect(again.headers.etag).toBe(first.headers.etag);
  expect(again.headers.location).toBe(first.headers.location);
});

test('keeps refusals and payment orders as they were answered', async () => {
  const { client } = service;
  const path = `/v1/accounts/${joint.id}/withdrawals`;
  const cases = [
    { status: 422, body: { ...money, amount: '99999.00', initiatedBy: joint.party.earner } },
    { status: 202, body: { ...money, amount: '200.00', initiatedBy: joint.party.earner } },
  ];
  for (const { status, body } of cases) {
    const key = uuidv7();
    const first = await client.post(path, body, keyed(key));
    expect(first.status).toBe(status);
    expect((await storedWith(key))!.outcome).not.toBeNull();
    if (status === 202) await client.post(`/v1/payment-orders/${first.body.id}/cancellations`, {});
    const again = await client.post(path, body, keyed(key));
    const withoutRequest = (text: string) => text.replace(/"(requestId|instance)":"[^"]*"/g, '');
    expect([again.status, withoutRequest(again.text)]).toEqual([first.status, withoutRequest(first.text)]);
  }
});

describe('a batch', () => {
  const batch = (keys: readonly string[]) => ({
    atomic: false,
    items: [
      { type: 'deposit', accountId: joint.id, ...money, metadata, idempotencyKey: keys[0] },
      { type: 'withdrawal', accountId: other, amount: '99999.00', currency: 'USD', idempotencyKey: keys[1] },
      { type: 'withdrawal', accountId: joint.id, amount: '300.00', currency: 'USD', initiatedBy: joint.party.earner },
      { type: 'transfer', fromAccountId: joint.id, toAccountId: other, ...money },
    ],
  });

  test('is answered again to the byte, and its items under their own keys', async () => {
    const { client } = service;
    const [key, itemKey, refusedKey] = [uuidv7(), uuidv7(), uuidv7()];
    const asked = batch([itemKey, refusedKey]);
    const first = await client.post('/v1/batches', asked, keyed(key));
    expect(first.body.results.map(({ status }: { status: number }) => status)).toEqual([201, 422, 202, 201]);
    const booked = first.body.results[0].transaction;
    expect(await storedWith(itemKey)).toEqual({ outcome: null, transaction_id: booked.id });
    const stored = JSON.stringify((await storedWith(key))!.outcome);
    expect(stored).toContain(`{"transactionId":"${booked.id}"}`);
    expect(stored).not.toContain('balanceAfter');

    await client.post(`/v1/transactions/${booked.id}/reversals`, { reason: 'Wrong' });
    const again = await client.post('/v1/batches', asked, keyed(key));
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.text).toBe(first.text);

    const { type: _type, accountId, idempotencyKey: _key, ...item } = asked.items[0] as Record<string, unknown>;
    const alone = await client.post(`/v1/accounts/${accountId}/deposits`, item, keyed(itemKey));
    expect([alone.status, alone.text]).toEqual([201, JSON.stringify(booked)]);

    const inAnother = await client.post('/v1/batches', { atomic: false, items: [asked.items[0], asked.items[3]] });
    expect(inAnother.body.results[0]).toEqual({ status: 201, replayed: true, transaction: booked });
  });

  test('takes an item that was booked by a call of its own for that call', async () => {
    const { client } = service;
    const key = uuidv7();
    const alone = await client.post(`/v1/accounts/${joint.id}/deposits`, money, keyed(key));
    const item = { type: 'deposit', accountId: joint.id, ...money, idempotencyKey: key };
    const answer = await client.post('/v1/batches', { atomic: true, items: [item] });
    expect(JSON.stringify(answer.body.results[0].transaction)).toBe(alone.text);
  });
});

test('stores outcomes whole while a version before may answer with them', async () => {
  const { database, ledgerId, client } = service;
  const engine = createPostingEngine({
    ...{ database, lockTimeoutMs: 5_000, lanes: 2, maxQueued: 10, onCommitted: () => {} },
    keepsWhole: () => true,
  });
  const notes = { initiatedBy: null, authentication: null, description: null, reference: null, metadata: null };
  const deposit = createDeposit(ledgerId, other, { amount: Money.parse('1.00', 'USD'), valueDate: null, ...notes });
  const options = { ledgerId, idempotencyKey: uuidv7(), requestHash: Buffer.alloc(32, 1), dryRun: false };
  const first = await engine.submit(createOperation(postMovement, deposit, options));
  const stored = await storedWith(options.idempotencyKey);
  expect(stored).toEqual({ outcome: JSON.parse(JSON.stringify(first.outcome)), transaction_id: deposit.id });
  expect(await engine.submit(createOperation(postMovement, deposit, options))).toEqual({
    outcome: stored!.outcome,
    replayed: true,
  });
  expect((await client.get(`/v1/transactions/${deposit.id}`)).status).toBe(200);
});

test('two who send one call together, again and again, are answered the same', async () => {
  const { client } = service;
  for (let round = 0; round < 5; round++) {
    const key = uuidv7();
    const call = () => client.post(`/v1/accounts/${other}/deposits`, money, keyed(key));
    const answers = await Promise.all([call(), call(), call(), call()]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  }
});
