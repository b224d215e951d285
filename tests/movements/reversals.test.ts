import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createApiKey, hashApiKey } from '../../src/ledger/api-key.ts';
import { byService } from '../support/authentication.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

const reverse = (id: string, more: object = {}, query = '') =>
  client.post(`/v1/transactions/${id}/reversals${query}`, { reason: 'Wrong payee', ...more });

/** Pays 40.00 from an account with 100.00 to an empty one. */
async function pay() {
  const [from, to] = [await client.openAccount({ balance: '100.00' }), await client.openAccount()];
  const body = { fromAccountId: from, toAccountId: to, amount: '40.00', currency: 'USD' };
  const { body: transaction } = await client.post('/v1/transfers', body);
  return { from, to, id: transaction.id as string, transaction };
}

describe('a reversal', () => {
  test('takes a transfer back, and each of the two names the other', async () => {
    const { from, to, id, transaction } = await pay();
    const answer = await reverse(id, { metadata: { ticket: 1 } });
    expect([answer.status, answer.headers.etag]).toEqual([201, '"3"']);
    expect(answer.body).toEqual({
      id: expect.any(String),
      kind: 'transaction',
      type: 'reversal',
      status: 'booked',
      amount: '40.00',
      currency: 'USD',
      bookedAt: instant,
      valueDate: answer.body.bookedAt.slice(0, 10),
      initiatedBy: null,
      authentication: byService,
      description: 'Wrong payee',
      reference: null,
      metadata: { ticket: 1 },
      externalId: null,
      signedBy: [],
      origin: { type: 'reversal', id },
      reversedBy: null,
      reversedAmount: '0.00',
      entries: [
        { accountId: from, amount: '40.00', balanceAfter: '100.00', version: 3 },
        { accountId: to, amount: '-40.00', balanceAfter: '0.00', version: 2 },
      ],
    });
    expect(answer.headers.location).toBe(`/v1/transactions/${answer.body.id}`);
    expect((await client.get(answer.headers.location!)).body).toEqual(answer.body);
    const reversed = { ...transaction, reversedBy: answer.body.id, reversedAmount: '40.00' };
    expect((await client.get(`/v1/transactions/${id}`)).body).toEqual(reversed);
    const listed = (await client.get('/v1/transactions?limit=2')).body.data;
    expect(listed).toEqual([answer.body, reversed]);
    expect([await client.balance(from), await client.balance(to)]).toEqual(['100.00', '0.00']);
  });

  test.each(['deposits', 'withdrawals'])('takes %s back against the clearing account', async (kind) => {
    const account = await client.openAccount({ balance: '100.00' });
    const moved = await client.post(`/v1/accounts/${account}/${kind}`, { amount: '30.00', currency: 'USD' });
    const [clearing] = moved.body.entries.slice(-1);
    const answer = await reverse(moved.body.id, { amount: '10' });
    const sign = kind === 'deposits' ? ['-', ''] : ['', '-'];
    expect(answer.body).toMatchObject({
      amount: '10.00',
      entries: [
        { accountId: account, amount: `${sign[0]}10.00` },
        { accountId: clearing.accountId, amount: `${sign[1]}10.00` },
      ],
    });
    expect(await client.balance(account)).toBe(kind === 'deposits' ? '120.00' : '80.00');
  });

  test('takes several legs back, in several currencies too, but only as a whole', async () => {
    const [a, b, c] = [
      await client.openAccount({ balance: '9.00' }),
      await client.openAccount(),
      await client.openAccount(),
    ];
    const [x, y] = [
      await client.openAccount({ currency: 'EUR', balance: '5.00' }),
      await client.openAccount({ currency: 'EUR' }),
    ];
    const leg = (accountId: string, amount: string, currency = 'USD') => ({ accountId, amount, currency });
    const three = [leg(a, '-9.00'), leg(b, '4.00'), leg(c, '5.00')];
    const one = (await client.post('/v1/transactions', { entries: three })).body;
    const refused = await reverse(one.id, { amount: '1.00' });
    expect([refused.status, refused.body.code, refused.body.entries]).toEqual([422, 'reversal_not_possible', 3]);
    expect((await reverse(one.id, { amount: '9.00' })).body.entries.map(amountOf)).toEqual(['9.00', '-4.00', '-5.00']);

    const both = [leg(a, '-9.00'), leg(b, '9.00'), leg(x, '-5.00', 'EUR'), leg(y, '5.00', 'EUR')];
    const two = (await client.post('/v1/transactions', { entries: both })).body;
    expect((await reverse(two.id, { amount: '1.00' })).body.code).toBe('reversal_not_possible');
    const whole = await reverse(two.id);
    expect(whole.body).toMatchObject({ amount: null, currency: null });
    expect(whole.body.entries.map(amountOf)).toEqual(['9.00', '-9.00', '5.00', '-5.00']);
    expect(await Promise.all([a, b, x, y].map((account) => client.balance(account)))).toEqual([
      '9.00',
      '0.00',
      '5.00',
      '0.00',
    ]);
  });

  test('takes back what was captured of a hold, and leaves the hold captured', async () => {
    const account = await client.openAccount({ balance: '100.00' });
    const { id } = (await client.post('/v1/holds', { accountId: account, amount: '60.00', currency: 'USD' })).body;
    const { transaction } = (await client.post(`/v1/holds/${id}/capture`)).body;
    expect((await reverse(transaction.id)).status).toBe(201);
    expect(await client.balance(account)).toBe('100.00');
    expect((await client.get(`/v1/holds/${id}`)).body).toMatchObject({ status: 'captured', captured: '60.00' });
  });

  test('happens once to the whole, and never to a reversal', async () => {
    const { id } = await pay();
    const first = await reverse(id);
    const again = await reverse(id, { amount: '10.00' });
    expect(again.body).toMatchObject({ status: 409, code: 'already_reversed', reversalId: first.body.id });
    const ofReversal = await reverse(first.body.id);
    expect([ofReversal.status, ofReversal.body.code]).toEqual([422, 'reversal_not_possible']);
  });

  test('is no more than the transaction was', async () => {
    const { id } = await pay();
    const refused = await reverse(id, { amount: '40.01' });
    expect(refused.body).toMatchObject({ status: 422, code: 'reversal_not_possible', amount: '40.00' });
  });

  test('finds the money of the payee gone, reserved, stopped, or the account closed', async () => {
    const { from, to, id } = await pay();
    const held = (await client.post('/v1/holds', { accountId: to, amount: '15.00', currency: 'USD' })).body.id;
    const short = await reverse(id);
    expect([short.status, short.body.code, short.body.available]).toEqual([422, 'insufficient_funds', '25.00']);
    expect(short.body.explanation).toMatchObject({ accountId: to, heldBy: [{ id: held }] });
    await service.rows('accounts').where('id', to).update({ debits_stopped: true });
    expect((await reverse(id, { amount: '5.00' })).body.code).toBe('account_restricted');
    await service.rows('accounts').where('id', to).update({ debits_stopped: false });
    expect((await client.post(`/v1/accounts/${from}/withdrawals`, { amount: '60.00', currency: 'USD' })).status).toBe(
      201,
    );
    expect((await client.post(`/v1/accounts/${from}/close`)).status).toBe(200);
    expect((await reverse(id, { amount: '5.00' })).body.code).toBe('account_closed');
    expect((await client.get(`/v1/transactions/${id}`)).body.reversedBy).toBeNull();
  });

  test('asks nobody for rights or signatures', async () => {
    const [ann, ben] = [await client.createParty('Ann'), await client.createParty('Ben')];
    const holders = [{ partyId: ann, limits: { perDay: '1.00' } }, { partyId: ben }];
    const joint = { name: 'Joint', currency: 'USD', ownership: 'joint', holders, mandate: { rule: 'all' } };
    const account = (await client.post('/v1/accounts', joint)).body.id;
    const deposit = await client.post(`/v1/accounts/${account}/deposits`, { amount: '50.00', currency: 'USD' });
    expect((await reverse(deposit.body.id)).body).toMatchObject({ initiatedBy: null, signedBy: [] });
    expect(await client.balance(account)).toBe('0.00');
  });

  test('is for the calling service alone', async () => {
    const { id } = await pay();
    const apiKey = createApiKey(service.ledgerId);
    const row = { ledger_id: service.ledgerId, id: uuidv7(), name: 'Bound', party_id: await client.createParty('Ann') };
    await service.database('api_keys').insert({ ...row, key_hash: hashApiKey(apiKey) });
    const bound = createTestClient(service.url, apiKey);
    const refused = await bound.post(`/v1/transactions/${id}/reversals`, { reason: 'x' });
    expect([refused.status, refused.body.code]).toEqual([403, 'key_not_allowed']);
  });

  test('keeps to If-Match, to the idempotency key, and books nothing in a dry run', async () => {
    const { from, id, transaction } = await pay();
    const dry = await reverse(id, {}, '?dryRun=true');
    expect([dry.status, dry.headers.location]).toEqual([200, undefined]);
    expect(dry.body).toMatchObject({ id: null, type: 'reversal', status: 'dry_run', origin: { id } });
    expect((await client.get(`/v1/transactions/${id}`)).body).toEqual(transaction);

    const path = `/v1/transactions/${id}/reversals`;
    const send = (headers: Record<string, string>) => client.post(path, { reason: 'x' }, headers);
    expect((await send({ 'If-Match': '"1"' })).body.code).toBe('version_mismatch');
    const done = await send({ 'If-Match': '"2"', 'Idempotency-Key': id });
    expect(done.status).toBe(201);
    const again = await send({ 'If-Match': '"2"', 'Idempotency-Key': id });
    expect([again.body, again.headers['idempotent-replayed']]).toEqual([done.body, 'true']);
    expect(await client.balance(from)).toBe('100.00');
  });

  test.each<[string, object, string[]]>([
    ['no reason', { reason: undefined }, ['reason']],
    ['an empty reason', { reason: '' }, ['reason']],
    ['a long reason', { reason: 'x'.repeat(141) }, ['reason']],
    ['an unknown field', { initiatedBy: nobody }, ['initiatedBy']],
    ['an amount of zero', { amount: '0.00' }, ['amount']],
    ['a negative amount', { amount: '-1.00' }, ['amount']],
    ['a number as amount', { amount: 1 }, ['amount']],
    ['too many decimals', { amount: '1.001' }, ['amount']],
    ['metadata in a list', { metadata: [] }, ['metadata']],
  ])('with %s is refused', async (_name, fields, paths) => {
    const { id } = await pay();
    const body = JSON.stringify({ reason: 'x', ...fields });
    await leavingTheBooksAlone(service, async () => {
      expectProblem(
        await sendRaw(service, { path: `/v1/transactions/${id}/reversals`, body }),
        'validation_failed',
        paths,
      );
    });
  });

  test('of what is not there is refused', async () => {
    expect((await reverse(nobody)).body.code).toBe('transaction_not_found');
    expectProblem(
      await sendRaw(service, { path: '/v1/transactions/x/reversals', body: '{"reason":"x"}' }),
      'validation_failed',
      ['transactionId'],
    );
  });
});

describe('started together at two services', () => {
  let second: Awaited<ReturnType<typeof startSecondApi>>;
  let clients: TestClient[] = [];

  beforeAll(async () => {
    second = await startSecondApi(service);
    clients = [client, second.client];
  });

  afterAll(() => second.api.stop(5_000));

  test('ten reversals of a transaction make one', async () => {
    for (const _round of roundsOf(20)) {
      const { from, to, id } = await pay();
      const body = { reason: 'Twice' };
      // The first two keep the services busy, so that the others of each gather in a group.
      const all = await startTogether(12, (caller) =>
        caller < 2
          ? clients[caller]!.post(`/v1/accounts/${from}/deposits`, { amount: '1.00', currency: 'USD' })
          : clients[caller % 2]!.post(`/v1/transactions/${id}/reversals`, body),
      );
      const answers = all.slice(2);
      expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
      const { reversedBy } = (await client.get(`/v1/transactions/${id}`)).body;
      for (const { status, body: answered } of answers) {
        expect(status === 201 ? answered.id : [answered.code, answered.reversalId]).toEqual(
          status === 201 ? reversedBy : ['already_reversed', reversedBy],
        );
      }
      expect([await client.balance(from), await client.balance(to)]).toEqual(['102.00', '0.00']);
    }
  });

  test('a reversal and a withdrawal of the same money never both pass', async () => {
    const seen = new Set<boolean>();
    for (const round of roundsOf(30, seen)) {
      const { from, to, id } = await pay();
      const calls = [
        () => clients[round % 2]!.post(`/v1/transactions/${id}/reversals`, { reason: 'Gone?' }),
        async () => {
          // A reversal reads its transaction first: without a head start it comes second nearly always.
          await sleep(round % 8);
          return clients[(round >> 1) % 2]!.post(`/v1/accounts/${to}/withdrawals`, {
            amount: '40.00',
            currency: 'USD',
          });
        },
      ];
      const answers = await startTogether(2, (caller) => calls[caller]!());
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 422]);
      const { reversedBy } = (await client.get(`/v1/transactions/${id}`)).body;
      expect(await client.balance(to)).toBe('0.00');
      expect(await client.balance(from)).toBe(reversedBy === null ? '60.00' : '100.00');
      seen.add(reversedBy === null);
    }
    expect(seen.size).toBe(2);
  });
});

function amountOf({ amount }: { amount: string }): string {
  return amount;
}
