import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PaymentOrderDocument } from '../../src/payment-orders/payment-order.ts';
import {
  allSign,
  cancel,
  expectOrdersSettled,
  makeOrder,
  moneyOf,
  openFamily,
  pay,
  readOrder,
  saidIn,
  sign,
  twoSign,
} from '../support/payment-orders.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

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

/** Who signs in turn, after Ann has asked for it: "bob", or "!bob" who rejects; and how the order stands after each. */
type Turn = readonly [who: string, state: string];

describe('the rules of a mandate', () => {
  const rules: [string, Parameters<typeof openFamily>[1], string, Turn[], string[]][] = [
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
    const { id: account, party } = await openFamily(client, mandate);
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
      expect(await readOrder(client, order)).toEqual(document);
      expect(transaction?.signedBy ?? []).toEqual(
        state.startsWith('booked') ? signers.map((name) => party[name as keyof typeof party]).sort() : [],
      );
    }
    const isPaid = signers.length > 0;
    expect(await moneyOf(client, account)).toEqual(isPaid ? ['40.00', '0.00', '40.00'] : ['100.00', '0.00', '100.00']);
  });

  test('any: one signature is enough, so nothing waits', async () => {
    const { id: account, party } = await openFamily(client, () => ({ rule: 'any' }));
    expect((await pay(client, account, { amount: '1.00', initiatedBy: party.dan })).status).toBe(201);
    expect((await client.get(`/v1/payment-orders?accountId=${account}`)).body.data).toEqual([]);
  });

  test('bands: the kind and the amount decide which rule it takes', async () => {
    const { id: account, party } = await openFamily(client, () => ({
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
    const { id: account, party } = await openFamily(client, allSign);
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
    const { id: account, party } = await openFamily(client, () => ({ rule: 'count', count: 3 }));
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
      expect(await readOrder(client, order)).toEqual(first.body);
    }
    expect(saidIn(await readOrder(client, order), party)).toEqual(['ann approve', 'bob approve', 'cai reject']);
    expect(await moneyOf(client, account)).toEqual(['100.00', '60.00', '40.00']);
  });

  test('signs exactly one instruction: the hash of another is refused and not recorded', async () => {
    const { id: account, party } = await openFamily(client, twoSign);
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
    expect(await readOrder(client, order)).toEqual(order);
  });

  test('that lost the right no longer counts, and counts again once it has it back', async () => {
    const { id: account, party } = await openFamily(client, () => ({ rule: 'count', count: 3 }));
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann });
    expect((await sign(client, order, party.bob)).body.multiAuthorisation.numberReceived).toBe(2);
    const change = (partyId: string, rights: string[]) =>
      client.put(`/v1/accounts/${account}/holders/${partyId}`, { rights });
    expect((await change(party.bob, ['view', 'transfer'])).status).toBe(200);
    expect((await readOrder(client, order)).multiAuthorisation).toMatchObject({ numberRequired: 3, numberReceived: 1 });
    expect((await sign(client, order, party.bob)).body).toMatchObject({ code: 'right_missing', right: 'withdraw' });
    expect((await sign(client, order, party.cai)).body.status).toBe('waiting');
    expect((await change(party.bob, ['view', 'withdraw'])).status).toBe(200);
    expect((await readOrder(client, order)).multiAuthorisation).toMatchObject({ numberRequired: 3, numberReceived: 3 });
    const { transaction } = (await sign(client, order, party.cai)).body;
    expect(transaction.signedBy).toEqual([party.ann, party.bob, party.cai].sort());
  });

  test('whose signature did not count is not among those that it was booked on, then or later', async () => {
    const { id: account, party } = await openFamily(client, ({ ann, cai }) => ({
      rule: 'named',
      signatories: [ann, cai],
    }));
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann });
    expect((await sign(client, order, party.bob)).body.status).toBe('waiting');
    const { transaction, ...booked } = (await sign(client, order, party.cai)).body;
    expect(transaction.signedBy).toEqual([party.ann, party.cai].sort());
    expect(booked.multiAuthorisation).toMatchObject({ numberRequired: 2, numberReceived: 2 });
    expect((await client.post(`/v1/accounts/${account}/holders/${party.cai}/remove`)).status).toBe(200);
    expect(await readOrder(client, order)).toEqual(booked);
    expect((await client.get(`/v1/payment-orders?accountId=${account}`)).body.data).toEqual([booked]);
  });

  test('who says yes again books what became complete when another left; nobody else does', async () => {
    const { id: account, party } = await openFamily(client, allSign);
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann });
    expect((await sign(client, order, party.bob)).body.status).toBe('waiting');
    expect((await client.post(`/v1/accounts/${account}/holders/${party.cai}/remove`)).status).toBe(200);
    expect(await readOrder(client, order)).toMatchObject({
      status: 'waiting',
      multiAuthorisation: { missingFrom: [] },
    });
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
    const { id: account, party } = await openFamily(client, ({ ann, cai }) => ({
      rule: 'named',
      signatories: [ann, cai],
    }));
    const order = await makeOrder(client, account, { amount: '60.00', initiatedBy: party.ann });
    expect((await client.post(`/v1/accounts/${account}/holders/${party.cai}/leave`)).status).toBe(200);
    expect((await readOrder(client, order)).status).toBe('rejected');
    expect(await moneyOf(client, account)).toEqual(['100.00', '0.00', '100.00']);
  });
});
