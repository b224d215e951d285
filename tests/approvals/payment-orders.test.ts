import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ErrorCode } from '../../src/errors/error-catalogue.ts';
import type { PaymentOrderDocument } from '../../src/movements/payment-order.ts';
import type { HolderRight } from '../../src/ownership/holder.ts';
import { item, outcomesOf, sendBatch, sendSingle } from '../support/batches.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { holdAccountLock, until, untilLockWaiters } from '../support/lock-witness.ts';
import { cancel, expectOrdersSettled, makeOrder, moneyOf, pay, sign } from '../support/payment-orders.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const day = 86_400_000;
let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(async () => {
  await expectOrdersSettled(service.database);
  await service.stop();
});

const delegate: HolderRight[] = ['view', 'withdraw', 'transfer', 'delegate'];

/** An account with 100.00 of Ann, Bob and Cai, for whom Dan acts; Eve may only look. All owners sign unless told. */
function openFamily(mandate: (party: Record<'ann' | 'bob' | 'cai' | 'dan' | 'eve', string>) => object = allSign) {
  const holders = {
    ann: {},
    bob: {},
    cai: {},
    dan: { rights: delegate },
    eve: { rights: ['view' as const, 'delegate' as const] },
  };
  return openJointAccount(client, holders, { balance: '100.00', mandate });
}

const allSign = () => ({ rule: 'all' });
const twoSign = () => ({ rule: 'count', count: 2 });

async function read(order: { id: string }): Promise<PaymentOrderDocument> {
  const answer = await client.get(`/v1/payment-orders/${order.id}`);
  expect(answer.status).toBe(200);
  return answer.body;
}

/** Who has said what, as "ann approve". */
function saidIn(order: PaymentOrderDocument, party: Readonly<Record<string, string>>): string[] {
  const nameOf = (partyId: string) => Object.entries(party).find(([, id]) => id === partyId)?.[0];
  return order.authorisations.map(({ partyId, decision }) => `${nameOf(partyId)} ${decision}`);
}

const etagOf = async (account: string) => (await client.get(`/v1/accounts/${account}`)).headers.etag!;

/** Waits until the database's clock has passed this instant. */
async function untilPast(instant: string): Promise<void> {
  await until(async () => {
    const { rows } = await service.database.raw('select clock_timestamp() > ?::timestamptz as past', [instant]);
    return rows[0].past;
  });
}

describe('the life of a payment order', () => {
  test('a withdrawal that lacks signatures waits as an order, and reserves the money', async () => {
    const { id: account, party } = await openFamily();
    const notes = { description: 'Roof', reference: 'R-1', valueDate: '2026-12-01', metadata: { invoice: 7 } };
    const answer = await pay(client, account, { amount: '60.00', initiatedBy: party.ann, ...notes });
    expect(answer.status).toBe(202);
    const order: PaymentOrderDocument = answer.body;
    expect(order).toEqual({
      id: expect.any(String),
      type: 'withdrawal',
      status: 'waiting',
      accountId: account,
      toAccountId: null,
      amount: '60.00',
      currency: 'USD',
      initiatedBy: party.ann,
      ...notes,
      mandateVersion: 1,
      instructionHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      transactionId: null,
      createdAt: instant,
      expiresAt: instant,
      finishedAt: null,
      multiAuthorisation: {
        status: 'AwaitingFurtherAuthorisation',
        numberRequired: 3,
        numberReceived: 1,
        lastUpdateDateTime: order.createdAt,
        expirationDateTime: order.expiresAt,
      },
      authorisations: [{ partyId: party.ann, decision: 'approve', at: order.createdAt }],
      missingFrom: [party.bob, party.cai].sort(),
    });
    expect(Date.parse(order.expiresAt) - Date.parse(order.createdAt)).toBe(7 * day);
    expect(answer.headers.location).toBe(`/v1/payment-orders/${order.id}`);
    expect(answer.headers.etag).toBe(await etagOf(account));
    expect(await read(order)).toEqual(order);
    expect(await moneyOf(client, account)).toEqual(['100.00', '60.00', '40.00']);

    const taken = await pay(client, account, { amount: '40.01' });
    expect(taken.body).toMatchObject({ code: 'insufficient_funds', available: '40.00' });
    expect(taken.body.explanation.heldBy).toEqual([
      { id: order.id, kind: 'payment_order', amount: '60.00', expiresAt: order.expiresAt },
    ]);
    expect((await client.get(`/v1/accounts/${account}/entries`)).body.data).toHaveLength(1);
  });

  test('the last signature books the withdrawal in the same act', async () => {
    const { id: account, party } = await openFamily();
    const notes = { description: 'Roof', reference: 'R-1', valueDate: '2026-12-01', metadata: { invoice: 7 } };
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann, ...notes });
    const second = await sign(client, order, party.bob);
    expect([second.status, second.body.status, second.body.transaction]).toEqual([200, 'waiting', undefined]);
    expect(second.body.multiAuthorisation).toMatchObject({ numberRequired: 3, numberReceived: 2 });
    expect(second.body.missingFrom).toEqual([party.cai]);
    expect(second.headers.etag).toBe(await etagOf(account));
    expect(await read(order)).toEqual(second.body);

    const last = await sign(client, order, party.cai);
    const { transaction, ...booked } = last.body;
    expect([last.status, last.headers.etag]).toEqual([200, await etagOf(account)]);
    expect(booked).toMatchObject({
      status: 'booked',
      transactionId: transaction.id,
      finishedAt: instant,
      missingFrom: [],
      multiAuthorisation: { status: 'Authorised', numberRequired: 3, numberReceived: 3 },
    });
    expect(await read(order)).toEqual(booked);
    const signedBy = [party.ann, party.bob, party.cai].sort();
    expect(transaction).toMatchObject({
      ...notes,
      type: 'withdrawal',
      status: 'booked',
      amount: '60.00',
      initiatedBy: party.ann,
      signedBy,
      origin: { type: 'payment_order', id: order.id },
    });
    expect((await client.get(`/v1/transactions/${transaction.id}`)).body).toEqual(transaction);
    expect(await moneyOf(client, account)).toEqual(['40.00', '0.00', '40.00']);

    const late = await sign(client, order, party.bob, { decision: 'reject' });
    expect(late.body).toMatchObject({
      status: 409,
      code: 'payment_order_not_pending',
      state: 'booked',
      transactionId: transaction.id,
    });
    expect((await cancel(client, order)).body.code).toBe('payment_order_not_pending');
    expect(await moneyOf(client, account)).toEqual(['40.00', '0.00', '40.00']);
  });

  test('a transfer waits too, and pays nobody before it is signed', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const payee = await client.openAccount();
    const order = await makeOrder(client, account, { amount: '60.00', toAccountId: payee, initiatedBy: party.ann });
    expect(order).toMatchObject({ type: 'transfer', accountId: account, toAccountId: payee });
    expect([await moneyOf(client, account), await client.balance(payee)]).toEqual([
      ['100.00', '60.00', '40.00'],
      '0.00',
    ]);
    const { transaction } = (await sign(client, order, party.dan)).body;
    expect(transaction).toMatchObject({ type: 'transfer', signedBy: [party.ann, party.dan].sort() });
    expect(transaction.entries).toEqual([
      { accountId: account, amount: '-60.00', balanceAfter: '40.00', version: 2 },
      { accountId: payee, amount: '60.00', balanceAfter: '60.00', version: 1 },
    ]);
    expect([await moneyOf(client, account), await client.balance(payee)]).toEqual([
      ['40.00', '0.00', '40.00'],
      '60.00',
    ]);
  });

  test('the last cent that is available can be asked for, and no more', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const order = await makeOrder(client, account, { amount: '100.00', initiatedBy: party.ann });
    const more = await pay(client, account, { amount: '0.01', initiatedBy: party.ann });
    expect(more.body).toMatchObject({ code: 'insufficient_funds', available: '0.00' });
    expect((await sign(client, order, party.bob)).body.status).toBe('booked');
    expect(await moneyOf(client, account)).toEqual(['0.00', '0.00', '0.00']);
  });

  test('a dry run says whose signatures it would take, and leaves nothing to sign', async () => {
    const { id: account, party } = await openFamily(twoSign);
    await leavingTheBooksAlone(service, async () => {
      const body = { amount: '60.00', currency: 'USD', initiatedBy: party.ann };
      const dry = await client.post(`/v1/accounts/${account}/withdrawals?dryRun=true`, body);
      expect(dry.status).toBe(200);
      expect(dry.body).toMatchObject({ id: null, status: 'dry_run', instructionHash: null });
      const { rule, signatures } = dry.body.explanation;
      expect([rule, signatures.required, signatures.received]).toEqual(['mandate', 2, 1]);
      expect(signatures.missingFrom).toEqual([party.bob, party.cai, party.dan].sort());
    });
    expect((await client.get(`/v1/payment-orders?accountId=${account}`)).body.data).toEqual([]);
  });

  test('what the present holders can never sign is refused at once', async () => {
    const { id: account, party } = await openFamily(() => ({ rule: 'count', count: 5 }));
    const refused = await pay(client, account, { amount: '1.00', initiatedBy: party.ann });
    expect(refused.body).toMatchObject({ status: 422, code: 'mandate_unreachable', accountId: account });
    expect(refused.body.explanation.signatures).toMatchObject({ required: 5, received: 1 });
    expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
  });
});

/** Who signs in turn, after Ann has asked for it: "bob", or "!bob" who rejects; and how the order stands after each. */
type Turn = readonly [who: string, state: string];

describe('the rules of a mandate', () => {
  const rules: [string, Parameters<typeof openFamily>[0], string, Turn[], string[]][] = [
    [
      'all: delegates do not count',
      allSign,
      '1/3',
      [
        ['dan', '1/3'],
        ['bob', '2/3'],
        ['cai', 'booked 3'],
      ],
      ['ann', 'bob', 'cai'],
    ],
    [
      'all: one owner who rejects ends it',
      allSign,
      '1/3',
      [
        ['bob', '2/3'],
        ['!cai', 'rejected'],
      ],
      [],
    ],
    [
      'all: a delegate who rejects does not',
      allSign,
      '1/3',
      [
        ['!dan', '1/3'],
        ['bob', '2/3'],
        ['cai', 'booked 3'],
      ],
      ['ann', 'bob', 'cai'],
    ],
    ['count: whoever may sign', twoSign, '1/2', [['dan', 'booked 2']], ['ann', 'dan']],
    [
      'count: others stand in for who rejects',
      twoSign,
      '1/2',
      [
        ['!bob', '1/2'],
        ['!dan', '1/2'],
        ['cai', 'booked 2'],
      ],
      ['ann', 'cai'],
    ],
    [
      'count: ends when none is left',
      twoSign,
      '1/2',
      [
        ['!bob', '1/2'],
        ['!cai', '1/2'],
        ['!dan', 'rejected'],
      ],
      [],
    ],
    [
      'count of named ones: others do not count, the initiator included',
      ({ bob, cai, dan }) => ({ rule: 'count', count: 2, signatories: [bob, cai, dan] }),
      '0/2',
      [
        ['ann', '0/2'],
        ['cai', '1/2'],
        ['!bob', '1/2'],
        ['dan', 'booked 2'],
      ],
      ['cai', 'dan'],
    ],
    [
      'named: each of them',
      ({ ann, dan }) => ({ rule: 'named', signatories: [ann, dan] }),
      '1/2',
      [
        ['bob', '1/2'],
        ['dan', 'booked 2'],
      ],
      ['ann', 'dan'],
    ],
    [
      'named: ends without one',
      ({ ann, dan }) => ({ rule: 'named', signatories: [ann, dan] }),
      '1/2',
      [
        ['!cai', '1/2'],
        ['!dan', 'rejected'],
      ],
      [],
    ],
    [
      'weighted: as many as weigh enough',
      ({ ann, bob, cai, dan }) => ({
        rule: 'weighted',
        weights: { [ann]: 2, [bob]: 1, [cai]: 1, [dan]: 3 },
        threshold: 4,
      }),
      '1/2',
      [
        ['bob', '2/3'],
        ['cai', 'booked 3'],
      ],
      ['ann', 'bob', 'cai'],
    ],
    [
      'weighted: ends when the rest is too light',
      ({ ann, bob, cai, dan }) => ({
        rule: 'weighted',
        weights: { [ann]: 2, [bob]: 1, [cai]: 1, [dan]: 3 },
        threshold: 4,
      }),
      '1/2',
      [
        ['!dan', '1/3'],
        ['!bob', 'rejected'],
      ],
      [],
    ],
  ];

  test.each(rules)('%s', async (_name, mandate, atFirst, turns, signers) => {
    const { id: account, party } = await openFamily(mandate);
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann });
    const stateOf = ({ status, multiAuthorisation: { numberReceived, numberRequired } }: PaymentOrderDocument) => {
      if (status === 'waiting') return `${numberReceived}/${numberRequired}`;
      return status === 'booked' ? `booked ${numberReceived}` : status;
    };
    expect(stateOf(order)).toBe(atFirst);
    for (const [who, state] of turns) {
      const decision = who.startsWith('!') ? 'reject' : 'approve';
      const answer = await sign(client, order, party[who.replace('!', '') as keyof typeof party], { decision });
      expect([who, answer.status, stateOf(answer.body)]).toEqual([who, 200, state]);
      const { transaction, ...document } = answer.body;
      expect(await read(order)).toEqual(document);
      expect(transaction?.signedBy ?? []).toEqual(
        state.startsWith('booked') ? signers.map((name) => party[name as keyof typeof party]).sort() : [],
      );
    }
    const isPaid = signers.length > 0;
    expect(await moneyOf(client, account)).toEqual(isPaid ? ['40.00', '0.00', '40.00'] : ['100.00', '0.00', '100.00']);
  });

  test('any: one signature is enough, so nothing waits', async () => {
    const { id: account, party } = await openFamily(() => ({ rule: 'any' }));
    expect((await pay(client, account, { amount: '1.00', initiatedBy: party.dan })).status).toBe(201);
    expect((await client.get(`/v1/payment-orders?accountId=${account}`)).body.data).toEqual([]);
  });

  test('bands: the kind and the amount decide which rule it takes', async () => {
    const { id: account, party } = await openFamily(() => ({
      bands: [
        { rule: 'any', kinds: ['withdrawal'], upTo: '10.00' },
        { rule: 'count', count: 2, kinds: ['withdrawal'], upTo: '20.00' },
        { rule: 'all' },
      ],
    }));
    const payee = await client.openAccount();
    const asked = async (amount: string, toAccountId?: string) => {
      const about = { amount, initiatedBy: party.ann, ...(toAccountId === undefined ? {} : { toAccountId }) };
      const { status, body } = await pay(client, account, about);
      if (status === 201) return 1;
      await cancel(client, body);
      return body.multiAuthorisation.numberRequired;
    };
    expect(await asked('10.00')).toBe(1);
    expect(await asked('10.01')).toBe(2);
    expect(await asked('20.00')).toBe(2);
    expect(await asked('20.01')).toBe(3);
    expect(await asked('0.01', payee)).toBe(3);
    expect(await moneyOf(client, account)).toEqual(['90.00', '0.00', '90.00']);
  });

  test('an order is decided under the mandate it was made under, whatever becomes of it', async () => {
    const { id: account, party } = await openFamily(allSign);
    const strict = await makeOrder(client, account, { amount: '10.00', initiatedBy: party.ann });
    const set = async (mandate: object) =>
      expect((await client.put(`/v1/accounts/${account}/mandate`, { mandate })).status).toBe(200);
    await set({ rule: 'count', count: 2 });
    const loose = await makeOrder(client, account, { amount: '20.00', initiatedBy: party.ann });
    expect([strict.mandateVersion, loose.mandateVersion]).toEqual([1, 2]);
    await set({ rule: 'count', count: 4 });
    expect((await sign(client, strict, party.bob)).body.status).toBe('waiting');
    expect((await sign(client, loose, party.bob)).body.status).toBe('booked');
    expect((await sign(client, strict, party.cai)).body.status).toBe('booked');
  });
});

describe('a signer', () => {
  test('counts once: saying the same again changes nothing, the opposite is refused', async () => {
    const { id: account, party } = await openFamily(() => ({ rule: 'count', count: 3 }));
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann });
    for (const [who, decision] of [
      ['bob', 'approve'],
      ['cai', 'reject'],
      ['ann', 'approve'],
    ] as const) {
      const first = await sign(client, order, party[who], { decision });
      const again = await sign(client, order, party[who], { decision });
      expect([again.status, again.body]).toEqual([200, first.body]);
      const opposite = await sign(client, order, party[who], {
        decision: decision === 'approve' ? 'reject' : 'approve',
      });
      expect(opposite.body).toMatchObject({ status: 409, code: 'already_decided', decision });
      expect(await read(order)).toEqual(first.body);
    }
    expect(saidIn(await read(order), party)).toEqual(['ann approve', 'bob approve', 'cai reject']);
    expect(await moneyOf(client, account)).toEqual(['100.00', '60.00', '40.00']);
  });

  test('signs exactly one instruction: the hash of another is refused and not recorded', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const terms = { amount: '10.00', initiatedBy: party.ann };
    const [order, other] = [await makeOrder(client, account, terms), await makeOrder(client, account, terms)];
    expect(order.instructionHash).not.toBe(other.instructionHash);
    for (const decision of ['approve', 'reject'] as const) {
      const mixed = { id: order.id, instructionHash: other.instructionHash };
      expect((await sign(client, mixed, party.bob, { decision })).body).toMatchObject({
        status: 409,
        code: 'instruction_mismatch',
      });
    }
    expect(await read(order)).toEqual(order);
  });

  test('that lost the right no longer counts, and counts again once it has it back', async () => {
    const { id: account, party } = await openFamily(() => ({ rule: 'count', count: 3 }));
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann });
    expect((await sign(client, order, party.bob)).body.multiAuthorisation.numberReceived).toBe(2);
    const change = (partyId: string, rights: string[]) =>
      client.put(`/v1/accounts/${account}/holders/${partyId}`, { rights });
    expect((await change(party.bob, ['view', 'transfer'])).status).toBe(200);
    expect((await read(order)).multiAuthorisation).toMatchObject({ numberRequired: 3, numberReceived: 1 });
    expect((await sign(client, order, party.bob)).body).toMatchObject({ code: 'right_missing', right: 'withdraw' });
    expect((await sign(client, order, party.cai)).body.status).toBe('waiting');
    expect((await change(party.bob, ['view', 'withdraw'])).status).toBe(200);
    expect((await read(order)).multiAuthorisation).toMatchObject({ numberRequired: 3, numberReceived: 3 });
    const { transaction } = (await sign(client, order, party.cai)).body;
    expect(transaction.signedBy).toEqual([party.ann, party.bob, party.cai].sort());
  });

  test('whose signature did not count is not among those that it was booked on, then or later', async () => {
    const { id: account, party } = await openFamily(({ ann, cai }) => ({ rule: 'named', signatories: [ann, cai] }));
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann });
    expect((await sign(client, order, party.bob)).body.status).toBe('waiting');
    const { transaction, ...booked } = (await sign(client, order, party.cai)).body;
    expect(transaction.signedBy).toEqual([party.ann, party.cai].sort());
    expect(booked.multiAuthorisation).toMatchObject({ numberRequired: 2, numberReceived: 2 });
    expect((await client.post(`/v1/accounts/${account}/holders/${party.cai}/remove`)).status).toBe(200);
    expect(await read(order)).toEqual(booked);
    expect((await client.get(`/v1/payment-orders?accountId=${account}`)).body.data).toEqual([booked]);
  });

  test('who says yes again books what became complete when another left; nobody else does', async () => {
    const { id: account, party } = await openFamily(allSign);
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann });
    expect((await sign(client, order, party.bob)).body.status).toBe('waiting');
    expect((await client.post(`/v1/accounts/${account}/holders/${party.cai}/remove`)).status).toBe(200);
    expect(await read(order)).toMatchObject({ status: 'waiting', missingFrom: [] });
    expect((await sign(client, order, party.cai)).body.code).toBe('not_a_holder');

    const no = await sign(client, order, party.dan, { decision: 'reject' });
    expect([no.status, no.body.status, no.body.transaction]).toEqual([200, 'waiting', undefined]);
    expect(await moneyOf(client, account)).toEqual(['100.00', '60.00', '40.00']);

    const yes = await sign(client, order, party.bob);
    expect([yes.status, yes.body.status]).toEqual([200, 'booked']);
    expect(yes.body.transaction.signedBy).toEqual([party.ann, party.bob].sort());
    expect(await moneyOf(client, account)).toEqual(['40.00', '0.00', '40.00']);
  });

  test('who leaves ends an order that the others can not sign', async () => {
    const { id: account, party } = await openFamily(({ ann, cai }) => ({ rule: 'named', signatories: [ann, cai] }));
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann });
    expect((await client.post(`/v1/accounts/${account}/holders/${party.cai}/leave`)).status).toBe(200);
    expect((await read(order)).status).toBe('rejected');
    expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
  });
});

describe('the reservation goes', () => {
  test('when it is cancelled: by its initiator, who manages the account, or the service', async () => {
    const { id: account, party } = await openFamily(twoSign);
    for (const by of [party.dan, party.cai, undefined]) {
      const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.dan });
      const cancelled = await cancel(client, order, by);
      expect([cancelled.status, cancelled.headers.etag]).toEqual([200, await etagOf(account)]);
      expect(cancelled.body).toMatchObject({
        status: 'cancelled',
        finishedAt: instant,
        transactionId: null,
        missingFrom: [],
        multiAuthorisation: { status: 'Rejected', lastUpdateDateTime: cancelled.body.finishedAt },
      });
      expect(await read(order)).toEqual(cancelled.body);
      expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
      expect((await cancel(client, order, by)).body).toMatchObject({
        code: 'payment_order_not_pending',
        state: 'cancelled',
      });
      expect((await sign(client, order, party.bob)).body).toMatchObject({ code: 'payment_order_not_pending' });
    }
  });

  test('when it is rejected, together with the document', async () => {
    const { id: account, party } = await openFamily(allSign);
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann });
    const rejected = await sign(client, order, party.bob, { decision: 'reject' });
    expect([rejected.status, rejected.headers.etag]).toEqual([200, await etagOf(account)]);
    expect(rejected.body).toMatchObject({ status: 'rejected', finishedAt: instant, transactionId: null });
    expect(await read(order)).toEqual(rejected.body);
    expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
    const late = await sign(client, order, party.cai);
    expect(late.body).toMatchObject({ code: 'payment_order_not_pending', state: 'rejected', transactionId: null });
  });

  test('when its time is over, though nobody comes by to note it', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const signBy = new Date(Date.now() + 2_500).toISOString();
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann, signBy });
    const other = await makeOrder(client, account, { amount: '10.00', initiatedBy: party.ann });
    expect(order.expiresAt).toBe(signBy);
    await untilPast(signBy);

    // As long as only readers come by the row stays as it was.
    const expired = await read(order);
    expect(expired).toMatchObject({
      status: 'expired',
      finishedAt: signBy,
      missingFrom: [],
      multiAuthorisation: { status: 'Rejected' },
    });
    const idsOf = async (status: string) =>
      (await client.get(`/v1/payment-orders?accountId=${account}&status=${status}`)).body.data.map(
        ({ id, status }: PaymentOrderDocument) => [id, status],
      );
    expect(await idsOf('waiting')).toEqual([[other.id, 'waiting']]);
    expect(await idsOf('expired')).toEqual([[order.id, 'expired']]);
    expect(await moneyOf(client, account)).toEqual(['100.00', '10.00', '90.00']);
    const stored = () => service.database('payment_orders').where({ id: order.id }).first('status', 'finished_at');
    expect((await stored()).status).toBe('waiting');

    expect((await sign(client, order, party.bob)).body).toMatchObject({
      code: 'payment_order_not_pending',
      state: 'expired',
    });
    expect((await cancel(client, order)).body).toMatchObject({ code: 'payment_order_not_pending', state: 'expired' });
    expect((await pay(client, account, { amount: '90.00' })).status).toBe(201);
    expect(await stored()).toEqual({ status: 'expired', finished_at: new Date(signBy) });
    expect(await read(order)).toEqual(expired);
    expect(await idsOf('expired')).toEqual([[order.id, 'expired']]);
    expect(await moneyOf(client, account)).toEqual(['10.00', '10.00', '0.00']);
  });

  test('even before it began, when the account was locked until its time was over', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const lock = await holdAccountLock(service.database, account);
    const signBy = new Date(Date.now() + 1_500).toISOString();
    const asking = pay(client, account, { amount: '60.00', initiatedBy: party.ann, signBy }).then((answer) => answer);
    await untilLockWaiters(service.database, 1);
    await untilPast(signBy);
    await lock.release();
    const { body } = await asking;
    expect((await read(body)).status).toBe('expired');
    expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
    expect((await sign(client, body, party.bob)).body.state).toBe('expired');
    expect((await pay(client, account, { amount: '100.00' })).status).toBe(201);
  });
});

describe('a booking that is refused at the last signature', () => {
  const causes: [ErrorCode, object, (account: string, payee: string) => Promise<() => PromiseLike<unknown>>][] = [
    [
      'account_restricted',
      { stopped: 'debits' },
      async (account) => {
        const { body } = await client.post(`/v1/accounts/${account}/restrictions`, { reason: 'Lost phone' });
        return () => client.post(`/v1/restrictions/${body.id}/lift`);
      },
    ],
    [
      'account_restricted',
      { stopped: 'credits' },
      async (_account, payee) => {
        await service.database('accounts').where({ id: payee }).update({ credits_stopped: true });
        return () => service.database('accounts').where({ id: payee }).update({ credits_stopped: false });
      },
    ],
    [
      'account_closed',
      {},
      async (_account, payee) => {
        expect((await client.post(`/v1/accounts/${payee}/close`)).status).toBe(200);
        return () => service.database('accounts').where({ id: payee }).update({ status: 'active', closed_at: null });
      },
    ],
    [
      'balance_limit_exceeded',
      {},
      async (_account, payee) => {
        const amount = '999999999999999999.99';
        expect((await client.post(`/v1/accounts/${payee}/deposits`, { amount, currency: 'USD' })).status).toBe(201);
        return () => pay(client, payee, { amount });
      },
    ],
  ];

  test.each(causes)('(%s %o) leaves the order waiting and the signature unrecorded', async (code, facts, cause) => {
    const { id: account, party } = await openFamily(allSign);
    const payee = await client.openAccount();
    const order = await makeOrder(client, account, { amount: '60.00', toAccountId: payee, initiatedBy: party.ann });
    const before = (await sign(client, order, party.bob)).body;
    const mend = await cause(account, payee);
    const refused = await sign(client, order, party.cai);
    expect(refused.body).toMatchObject({ code, ...facts });
    const { rule, heldBy, signatures } = refused.body.explanation;
    expect([rule, signatures.required, signatures.received]).toEqual([code, 3, 3]);
    expect(heldBy).toEqual([{ id: order.id, kind: 'payment_order', amount: '60.00', expiresAt: order.expiresAt }]);
    expect(await read(order)).toEqual(before);
    expect(await moneyOf(client, account)).toEqual(['100.00', '60.00', '40.00']);

    // A signature that completes nothing moves nothing, so that it is no matter of the accounts.
    expect((await sign(client, order, party.dan)).body.status).toBe('waiting');
    await mend();
    expect((await sign(client, order, party.cai)).body.status).toBe('booked');
    expect(await moneyOf(client, account)).toEqual(['40.00', '0.00', '40.00']);
  });

  test('can still be cancelled or rejected, which gives the money free', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const terms = { amount: '30.00', initiatedBy: party.ann };
    const orders = [await makeOrder(client, account, terms), await makeOrder(client, account, terms)] as const;
    await client.post(`/v1/accounts/${account}/restrictions`, { reason: 'Lost phone' });
    expect((await sign(client, orders[0], party.bob)).body.code).toBe('account_restricted');
    expect((await cancel(client, orders[0], party.ann)).body.status).toBe('cancelled');
    for (const who of ['bob', 'cai'] as const) await sign(client, orders[1], party[who], { decision: 'reject' });
    expect((await sign(client, orders[1], party.dan, { decision: 'reject' })).body.status).toBe('rejected');
    expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
  });

  test('is the answer to its idempotency key, until another key asks anew', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const order = await makeOrder(client, account, { amount: '30.00', initiatedBy: party.ann });
    const placed = await client.post(`/v1/accounts/${account}/restrictions`, { reason: 'Lost phone' });
    const headers = { 'Idempotency-Key': `refused-${order.id}` };
    const refused = await sign(client, order, party.bob, { headers });
    expect((await client.post(`/v1/restrictions/${placed.body.id}/lift`)).status).toBe(200);
    const again = await sign(client, order, party.bob, { headers });
    expect([again.headers['idempotent-replayed'], again.body.code]).toEqual(['true', refused.body.code]);
    expect((await sign(client, order, party.bob)).body.status).toBe('booked');
  });
});

describe('the terms of a request', () => {
  test('the same key again answers the same order, and reserves once', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const headers = { 'Idempotency-Key': `order-${account}` };
    const about = { amount: '60.00', initiatedBy: party.ann };
    const first = await pay(client, account, about, headers);
    const again = await pay(client, account, about, headers);
    expect([again.status, again.body, again.headers.location]).toEqual([202, first.body, first.headers.location]);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(await moneyOf(client, account)).toEqual(['100.00', '60.00', '40.00']);
    expect((await pay(client, account, { ...about, amount: '6.00' }, headers)).body.code).toBe(
      'idempotency_key_reused',
    );

    const signing = { headers: { 'Idempotency-Key': `sign-${account}` } };
    const booked = await sign(client, first.body, party.bob, signing);
    const replayed = await sign(client, first.body, party.bob, signing);
    expect([replayed.status, replayed.body]).toEqual([200, booked.body]);
    expect(replayed.headers['idempotent-replayed']).toBe('true');
    expect((await sign(client, first.body, party.cai, signing)).body.code).toBe('idempotency_key_reused');
    // It answers what became of it then.
    expect((await pay(client, account, about, headers)).body).toEqual(first.body);
    expect(await moneyOf(client, account)).toEqual(['40.00', '0.00', '40.00']);

    const order = await makeOrder(client, account, { amount: '5.00', initiatedBy: party.ann });
    const cancelling = () =>
      client.post(`/v1/payment-orders/${order.id}/cancel`, {}, { 'Idempotency-Key': `cancel-${account}` });
    const [cancelled, once] = [await cancelling(), await cancelling()];
    expect([once.status, once.body, once.headers['idempotent-replayed']]).toEqual([200, cancelled.body, 'true']);
  });

  test('every act changes the entity tag of the account, and minds If-Match', async () => {
    const { id: account, party } = await openFamily(allSign);
    const tags = [await etagOf(account)];
    type Acted = { status: number; body: PaymentOrderDocument & { code?: string } };
    const act = async (send: (headers: Record<string, string>) => PromiseLike<Acted>): Promise<Acted['body']> => {
      for (const stale of tags.slice(0, -1)) {
        const { status, body } = await send({ 'If-Match': stale });
        expect([status, body.code]).toEqual([412, 'version_mismatch']);
      }
      const { body } = await send({ 'If-Match': tags.at(-1)! });
      expect(body.code).toBeUndefined();
      const tag = await etagOf(account);
      expect(tags).not.toContain(tag);
      tags.push(tag);
      return body;
    };
    await act((headers) =>
      client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' }, headers),
    );
    const asked = { amount: '10.00', initiatedBy: party.ann };
    const order = await act((headers) => pay(client, account, asked, headers));
    await act((headers) => sign(client, order, party.bob, { headers }));
    await act((headers) => sign(client, order, party.cai, { headers }));
    const second = await act((headers) => pay(client, account, asked, headers));
    await act((headers) => sign(client, second, party.bob, { headers, decision: 'reject' }));
    const third = await act((headers) => pay(client, account, asked, headers));
    await act((headers) => client.post(`/v1/payment-orders/${third.id}/cancel`, {}, headers));
    expect(await moneyOf(client, account)).toEqual(['91.00', '0.00', '91.00']);
  });
});

describe('reading', () => {
  test('lists orders page by page, newest first unless asked otherwise, by account and status', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const orders: PaymentOrderDocument[] = [];
    for (let number = 1; number <= 7; number++) {
      orders.push(await makeOrder(client, account, { amount: `${number}.00`, initiatedBy: party.ann }));
    }
    await sign(client, orders[0]!, party.bob);
    await sign(client, orders[3]!, party.cai);
    await cancel(client, orders[1]!);
    for (const name of ['bob', 'cai', 'dan'] as const)
      await sign(client, orders[2]!, party[name], { decision: 'reject' });
    await sign(client, orders[5]!, party.eve);
    const documents = await Promise.all(orders.map(read));

    const list = (query: string) => walkPages(client, `/v1/payment-orders?accountId=${account}${query}`);
    expect(await list('')).toEqual(documents.toReversed());
    expect(await list('&order=asc')).toEqual(documents);
    const picked = (...places: number[]) => places.map((place) => documents[place]);
    expect(await list('&order=asc&status=waiting')).toEqual(picked(4, 5, 6));
    expect(await list('&order=asc&status=booked')).toEqual(picked(0, 3));
    expect(await list('&status=booked')).toEqual(picked(3, 0));
    expect(await list('&status=cancelled')).toEqual(picked(1));
    expect(await list('&status=rejected')).toEqual(picked(2));
    expect(await list('&status=expired')).toEqual([]);
    const all = await walkPages(client, '/v1/payment-orders?order=asc');
    const ids = all.map(({ id }) => id);
    expect(ids.filter((id) => orders.some((order) => order.id === id))).toEqual(orders.map(({ id }) => id));
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(
      Number((await service.database('payment_orders').count('id as count').first())!.count),
    );
  });

  test('takes a cursor only for the list that gave it', async () => {
    const { id: account, party } = await openFamily(twoSign);
    for (const amount of ['1.00', '2.00']) await makeOrder(client, account, { amount, initiatedBy: party.ann });
    const path = `/v1/payment-orders?accountId=${account}&limit=1`;
    const { nextCursor } = (await client.get(path)).body;
    for (const other of [`${path}&order=asc`, `${path}&status=waiting`, '/v1/payment-orders?limit=1']) {
      expect((await client.get(`${other}&cursor=${nextCursor}`)).body.code).toBe('invalid_cursor');
    }
  });

  test('knows nothing of other ledgers', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const order = await makeOrder(client, account, { amount: '1.00', initiatedBy: party.ann });
    const elsewhere = createTestClient(service.url, (await createTestLedger(service.database)).apiKey);
    const answers = [
      await elsewhere.get(`/v1/payment-orders/${order.id}`),
      await sign(elsewhere, order, party.bob),
      await cancel(elsewhere, order),
    ];
    for (const { body } of answers) expect(body).toMatchObject({ status: 404, code: 'payment_order_not_found' });
    expect((await elsewhere.get('/v1/payment-orders')).body.data).toEqual([]);
    const unknown = await elsewhere.get(`/v1/payment-orders?accountId=${account}`);
    expect(unknown.body).toMatchObject({ status: 404, code: 'account_not_found' });
    expect(await read(order)).toEqual(order);
  });
});

describe('in a batch', () => {
  test('items that lack signatures become orders, and what comes after finds their money reserved', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const payee = await client.openAccount();
    const by = { initiatedBy: party.ann };
    const answer = await sendBatch(client, false, [
      item.withdrawal(account, '60.00', by),
      item.withdrawal(account, '40.01'),
      item.transfer(account, payee, '30.00', by),
      item.withdrawal(account, '10.01', by),
      item.multiLeg({ [account]: '-1.00', [payee]: '1.00' }, by),
      item.deposit(account, '1.00', by),
      item.withdrawal(account, '11.00'),
    ]);
    expect(outcomesOf(answer)).toEqual([
      '202',
      '422 insufficient_funds',
      '202',
      '422 insufficient_funds',
      '403 signatures_missing',
      '201',
      '201',
    ]);
    const { results } = answer.body;
    expect(Object.keys(results[0])).toEqual(['status', 'paymentOrder']);
    expect(await read(results[0].paymentOrder)).toEqual(results[0].paymentOrder);
    expect(await read(results[2].paymentOrder)).toEqual(results[2].paymentOrder);
    expect(await moneyOf(client, account)).toEqual(['90.00', '90.00', '0.00']);
    for (const index of [0, 2]) {
      expect((await sign(client, results[index].paymentOrder, party.cai)).body.status).toBe('booked');
    }
    expect([await moneyOf(client, account), await client.balance(payee)]).toEqual([['0.00', '0.00', '0.00'], '30.00']);
  });

  test('an atomic one that is refused reserves nothing', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const items = [item.withdrawal(account, '60.00', { initiatedBy: party.ann }), item.withdrawal(account, '40.01')];
    const refused = await sendBatch(client, true, items);
    expect(refused.body).toMatchObject({
      code: 'batch_item_refused',
      item: 1,
      refusal: { code: 'insufficient_funds' },
    });
    expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
    expect((await client.get(`/v1/payment-orders?accountId=${account}`)).body.data).toEqual([]);
    expect(outcomesOf(await sendBatch(client, true, items.slice(0, 1)))).toEqual(['202']);
  });

  test('an item and the call that it stands for are one by their key', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const sent = item.withdrawal(account, '20.00', { initiatedBy: party.ann, idempotencyKey: `item-${account}` });
    const first = (await sendBatch(client, true, [sent])).body.results[0];
    const again = (await sendBatch(client, false, [sent])).body.results[0];
    expect(again).toEqual({ status: 202, replayed: true, paymentOrder: first.paymentOrder });
    const single = await sendSingle(client, sent);
    expect([single.status, single.body]).toEqual([202, first.paymentOrder]);
    expect(await moneyOf(client, account)).toEqual(['100.00', '20.00', '80.00']);
  });

  test('a dry run tells of the orders and makes none', async () => {
    const { id: account, party } = await openFamily(twoSign);
    await leavingTheBooksAlone(service, async () => {
      const items = [item.withdrawal(account, '60.00', { initiatedBy: party.ann }), item.withdrawal(account, '40.01')];
      const dry = await client.post('/v1/batches?dryRun=true', { atomic: false, items });
      expect(outcomesOf(dry)).toEqual(['200', '422 insufficient_funds']);
      expect(dry.body.results[0].paymentOrder).toMatchObject({ id: null, status: 'dry_run', instructionHash: null });
    });
  });
});

describe('bad input', () => {
  const hash = 'a'.repeat(64);
  const good = { party: nobody, decision: 'approve', instructionHash: hash };
  const signs = (order: string) => `/v1/payment-orders/${order}/authorisations`;
  const cases: [string, { method?: string; path: string; body?: object }, string[]][] = [
    ['no body', { method: 'POST', path: signs(nobody) }, ['']],
    ['an empty body', { path: signs(nobody), body: {} }, ['decision', 'instructionHash']],
    ['no party', { path: signs(nobody), body: { ...good, party: undefined } }, ['party']],
    ['null as party', { path: signs(nobody), body: { ...good, party: null } }, ['party']],
    ['a party that is no id', { path: signs(nobody), body: { ...good, party: 'ann' } }, ['party']],
    ['another decision', { path: signs(nobody), body: { ...good, decision: 'abstain' } }, ['decision']],
    ['a short hash', { path: signs(nobody), body: { ...good, instructionHash: 'a'.repeat(63) } }, ['instructionHash']],
    [
      'a hash in capitals',
      { path: signs(nobody), body: { ...good, instructionHash: hash.toUpperCase() } },
      ['instructionHash'],
    ],
    ['a hash that is a number', { path: signs(nobody), body: { ...good, instructionHash: 1 } }, ['instructionHash']],
    [
      'a line end after the hash',
      { path: signs(nobody), body: { ...good, instructionHash: `${hash}\n` } },
      ['instructionHash'],
    ],
    ['an unknown field', { path: signs(nobody), body: { ...good, amount: '1.00' } }, ['amount']],
    ['a list', { path: signs(nobody), body: [good] }, ['']],
    ['an order that is no id', { path: signs('x'), body: good }, ['orderId']],
    ['a dry run', { path: `${signs(nobody)}?dryRun=true`, body: good }, ['dryRun']],
    ['cancelling: an order that is no id', { method: 'POST', path: '/v1/payment-orders/x/cancel' }, ['orderId']],
    ['cancelling: a name', { path: `/v1/payment-orders/${nobody}/cancel`, body: { by: 'ann' } }, ['by']],
    [
      'cancelling: an unknown field',
      { path: `/v1/payment-orders/${nobody}/cancel`, body: { party: nobody } },
      ['party'],
    ],
    ['cancelling: a dry run', { method: 'POST', path: `/v1/payment-orders/${nobody}/cancel?dryRun=true` }, ['dryRun']],
    ['reading: an order that is no id', { path: '/v1/payment-orders/x' }, ['orderId']],
    ['reading: a query', { path: `/v1/payment-orders/${nobody}?full=true` }, ['full']],
    ['listing: an unknown status', { path: '/v1/payment-orders?status=paid' }, ['status']],
    ['listing: two statuses', { path: '/v1/payment-orders?status=booked&status=waiting' }, ['status']],
    ['listing: an account that is no id', { path: '/v1/payment-orders?accountId=x' }, ['accountId']],
    ['listing: an unknown order', { path: '/v1/payment-orders?order=up' }, ['order']],
    ['listing: no items', { path: '/v1/payment-orders?limit=0' }, ['limit']],
    ['listing: an unknown parameter', { path: '/v1/payment-orders?party=x' }, ['party']],
  ];

  test.each(cases)('%s', async (_name, { method, path, body }, paths) => {
    await leavingTheBooksAlone(service, async () => {
      const sent = body === undefined ? undefined : JSON.stringify(body);
      expectProblem(
        await sendRaw(service, { path, body: sent, ...(method === undefined ? {} : { method }) }),
        'validation_failed',
        paths,
      );
    });
  });

  test.each<[string, () => unknown]>([
    ['in the past', () => new Date(Date.now() - 1_000).toISOString()],
    ['beyond 90 days', () => new Date(Date.now() + 90 * day + 60_000).toISOString()],
    ['a day', () => '2027-01-01'],
    ['without a zone', () => '2027-01-01T00:00:00'],
    ['a number', () => 1],
    ['in the year 10000', () => '+010000-01-01T00:00:00Z'],
  ])('signBy %s', async (_name, signBy) => {
    const { id: account, party } = await openFamily(twoSign);
    const about = { amount: '1.00', currency: 'USD', initiatedBy: party.ann, signBy: signBy() };
    await leavingTheBooksAlone(service, async () => {
      const path = `/v1/accounts/${account}/withdrawals`;
      expectProblem(await sendRaw(service, { path, body: JSON.stringify(about) }), 'validation_failed', ['signBy']);
    });
  });

  test('signBy may be 90 days away, or in another zone, or nothing', async () => {
    const { id: account, party } = await openFamily(twoSign);
    const far = new Date(Date.now() + 90 * day - 5_000).toISOString();
    const inZone = far.replace('Z', '+00:00');
    for (const signBy of [far, inZone]) {
      const order = await makeOrder(client, account, { amount: '1.00', initiatedBy: party.ann, signBy });
      expect(order.expiresAt).toBe(far);
    }
    await makeOrder(client, account, { amount: '1.00', initiatedBy: party.ann, signBy: null });
  });
});

test('refuses a signature for its first fault in the documented order', async () => {
  const { id: account, party } = await openFamily(allSign);
  const stranger = await client.createParty('Stranger');
  const payee = await client.openAccount();
  const about = { amount: '10.00', toAccountId: payee, initiatedBy: party.ann };
  const [waiting, finished] = [await makeOrder(client, account, about), await makeOrder(client, account, about)];
  expect((await cancel(client, finished)).status).toBe(200);
  expect((await sign(client, waiting, party.bob)).status).toBe(200);
  await client.post(`/v1/accounts/${payee}/close`);
  await client.post(`/v1/accounts/${account}/restrictions`, { reason: 'Lost phone' });
  const wrong = 'f'.repeat(64);
  const no = { decision: 'reject' } as const;
  const stale = { 'If-Match': '"0"' };

  const steps: [Pick<PaymentOrderDocument, 'id' | 'instructionHash'>, string, Parameters<typeof sign>[3], ErrorCode][] =
    [
      [{ id: nobody, instructionHash: wrong }, nobody, { headers: stale }, 'payment_order_not_found'],
      [{ ...finished, instructionHash: wrong }, nobody, { headers: stale }, 'version_mismatch'],
      [{ ...finished, instructionHash: wrong }, nobody, no, 'party_not_found'],
      [{ ...finished, instructionHash: wrong }, stranger, no, 'not_a_holder'],
      [{ ...finished, instructionHash: wrong }, party.eve, no, 'right_missing'],
      [{ ...finished, instructionHash: wrong }, party.bob, no, 'payment_order_not_pending'],
      [{ ...waiting, instructionHash: wrong }, party.bob, no, 'instruction_mismatch'],
      [waiting, party.bob, no, 'already_decided'],
      [waiting, party.cai, {}, 'account_closed'],
    ];
  const before = [await read(waiting), await read(finished), await moneyOf(client, account)];
  for (const [order, who, options, code] of steps) {
    expect((await sign(client, order, who, options)).body.code).toBe(code);
  }
  await service.database('accounts').where({ id: payee }).update({ status: 'active', closed_at: null });
  expect((await sign(client, waiting, party.cai)).body.code).toBe('account_restricted');
  expect([await read(waiting), await read(finished), await moneyOf(client, account)]).toEqual(before);
});

test('refuses to cancel for the first fault in the documented order', async () => {
  const { id: account, party } = await openFamily(allSign);
  const stranger = await client.createParty('Stranger');
  const order = await makeOrder(client, account, { amount: '10.00', initiatedBy: party.ann });
  const finished = await makeOrder(client, account, { amount: '10.00', initiatedBy: party.ann });
  expect((await cancel(client, finished)).status).toBe(200);
  const steps: [{ id: string }, string, ErrorCode][] = [
    [{ id: nobody }, nobody, 'payment_order_not_found'],
    [finished, nobody, 'party_not_found'],
    [finished, stranger, 'not_a_holder'],
    [finished, party.dan, 'right_missing'],
    [finished, party.ann, 'payment_order_not_pending'],
    [order, party.dan, 'right_missing'],
  ];
  for (const [asked, by, code] of steps) expect((await cancel(client, asked, by)).body.code).toBe(code);
  expect(await read(order)).toEqual(order);
});
