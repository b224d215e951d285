import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { HolderRight } from '../../src/ownership/holder.ts';
import { entriesOf, item, sendBatch } from '../support/batches.ts';
import { untilLogged } from '../support/event-log.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { pay, sign } from '../support/payment-orders.ts';
import { clientOf } from '../support/shared-scene.ts';
import { makeDue, runOnce } from '../support/standing-orders.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// What a party can find out of accounts that it may not look at, by whatever it is answered.

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

const blind: HolderRight[] = ['deposit', 'withdraw', 'transfer', 'manage'];

describe('a payee', () => {
  /** Ann and Bob pay Zoe and Yan; what Zoe reads of it. */
  async function payroll() {
    const payer = await openJointAccount(client, { ann: {}, bob: {} }, { balance: '9000.00' });
    const zoes = await openJointAccount(client, { zoe: {} });
    const yans = await openJointAccount(client, { yan: {} });
    const ann = await clientOf(service, payer.party.ann);
    const legs = { [payer.id]: '-300.00', [zoes.id]: '100.00', [yans.id]: '200.00' };
    const metadata = { iban: 'DE02120300000000202051' };
    const paid = await ann.post('/v1/transactions', { entries: entriesOf(legs), metadata, reference: 'Wages' });
    expect(paid.status).toBe(201);
    return { payer, zoes, yans, ann, zoe: await clientOf(service, zoes.party.zoe), paid: paid.body };
  }

  test('sees its own leg of many, and nothing of the payer but what was written to it', async () => {
    const { payer, zoes, yans, zoe, paid } = await payroll();
    await untilLogged(service);
    const [event] = (await zoe.get('/v1/events?types=transaction.booked')).body.data;
    const seen = [
      (await zoe.get(`/v1/transactions/${paid.id}`)).body,
      (await zoe.get(`/v1/transactions?accountId=${zoes.id}`)).body.data[0],
      event.data,
    ];
    for (const transaction of seen) {
      expect(transaction).toMatchObject({
        ...{ amount: null, currency: null, reversedAmount: null, reference: 'Wages', metadata: null },
        ...{ initiatedBy: null, authentication: null, signedBy: [], origin: null, externalId: null },
      });
      expect(transaction.entries).toEqual([
        { accountId: zoes.id, amount: '100.00', currency: 'USD', balanceAfter: '100.00', version: 1 },
      ]);
    }
    const [entry] = (await zoe.get(`/v1/accounts/${zoes.id}/entries`)).body.data;
    expect(entry).toMatchObject({ metadata: null, initiatedBy: null, signedBy: [], authentication: null });
    const text = JSON.stringify([...seen, entry]);
    for (const hidden of [payer.id, payer.party.ann, yans.id, '300.00', '200.00', 'DE02'])
      expect(text).not.toContain(hidden);
  });

  test('finds nothing by what it is not shown', async () => {
    const { payer, zoes, yans, zoe } = await payroll();
    const found = async (query: string) => {
      const lists = [`/v1/accounts/${zoes.id}/entries?${query}`, `/v1/transactions?accountId=${zoes.id}&${query}`];
      return Promise.all(lists.map(async (list) => (await zoe.get(list)).body.data.length));
    };
    expect(await found('reference=Wages')).toEqual([1, 1]);
    expect(await found('metadata.iban=DE02120300000000202051')).toEqual([0, 0]);
    expect(await found(`initiatedBy=${payer.party.ann}`)).toEqual([0, 0]);
    expect(await found(`counterpartyAccountId=${yans.id}`)).toEqual([0, 0]);
    // 100.00 came in; the whole was 300.00.
    expect(await found('amountFrom=101.00')).toEqual([0, 0]);
    expect(await found('amountFrom=100.00')).toEqual([1, 1]);
  });

  test('sees of a payment between two accounts who paid, not who signed for it under which order', async () => {
    const payer = await openJointAccount(
      client,
      { ann: {}, bob: {} },
      { balance: '9000.00', mandate: () => ({ rule: 'all' }) },
    );
    const zoes = await openJointAccount(client, { zoe: {} });
    const metadata = { note: 'for our eyes' };
    const order = await pay(client, payer.id, {
      ...{ amount: '40.00', toAccountId: zoes.id, initiatedBy: payer.party.ann, metadata, description: 'Gift' },
    });
    const { transactionId } = (await sign(client, order.body, payer.party.bob)).body;
    const zoe = await clientOf(service, zoes.party.zoe);
    const { body } = await zoe.get(`/v1/transactions/${transactionId}`);
    expect(body).toMatchObject({
      ...{ amount: '40.00', description: 'Gift', metadata: null, signedBy: [], origin: null, initiatedBy: null },
      entries: [
        { accountId: payer.id, amount: '-40.00' },
        { accountId: zoes.id, amount: '40.00', balanceAfter: '40.00' },
      ],
    });
    const [entry] = (await zoe.get(`/v1/accounts/${zoes.id}/entries`)).body.data;
    expect(entry).toMatchObject({ metadata: null, origin: null, signedBy: [], counterparty: { accountId: payer.id } });
    for (const told of [JSON.stringify(body), JSON.stringify(entry)]) {
      for (const hidden of [payer.party.ann, payer.party.bob, order.body.id, 'for our eyes'])
        expect(told).not.toContain(hidden);
    }
    // Those who pay see all of it.
    const bob = await clientOf(service, payer.party.bob);
    const whole = (await bob.get(`/v1/transactions/${transactionId}`)).body;
    expect(whole).toMatchObject({ metadata, origin: { id: order.body.id }, initiatedBy: payer.party.ann });
    expect((await bob.get(`/v1/accounts/${payer.id}/entries`)).body.data[0]).toMatchObject({ metadata });
  });

  test('that is one of several who pay is told who signed for its account, and no notes', async () => {
    const mine = await openJointAccount(client, { ann: {}, bob: {} }, { balance: '100.00' });
    const other = await client.post('/v1/accounts', {
      ...{ name: "Ann's own", currency: 'USD', holders: [{ partyId: mine.party.ann }] },
    });
    await client.post(`/v1/accounts/${other.body.id}/deposits`, { amount: '100.00', currency: 'USD' });
    const zoes = await openJointAccount(client, { zoe: {} });
    const [ann, bob] = [await clientOf(service, mine.party.ann), await clientOf(service, mine.party.bob)];
    const legs = { [mine.id]: '-10.00', [other.body.id]: '-20.00', [zoes.id]: '30.00' };
    const metadata = { iban: 'DE02120300000000202051' };
    const paid = await ann.post('/v1/transactions', { entries: entriesOf(legs), metadata, reference: 'Both' });
    expect(paid.status).toBe(201);
    await untilLogged(service);
    const entryOf = async (reader: TestClient, query = '') =>
      (await reader.get(`/v1/accounts/${mine.id}/entries?reference=Both${query}`)).body.data[0];
    const [event] = (await bob.get('/v1/events?types=transaction.booked&limit=200')).body.data.slice(-1);
    const seen = [
      await entryOf(bob),
      (await bob.get(`/v1/transactions/${paid.body.id}`)).body,
      (await bob.get(`/v1/transactions?accountId=${mine.id}&reference=Both`)).body.data[0],
      event.data,
    ];
    const { ann: signer } = mine.party;
    for (const told of seen) {
      expect(told).toMatchObject({ reference: 'Both', metadata: null, origin: null, externalId: null });
      expect(told).toMatchObject({ initiatedBy: signer, signedBy: [signer], authentication: { channel: 'own_key' } });
      for (const hidden of ['DE02', other.body.id, zoes.id, '20.00', '30.00'])
        expect(JSON.stringify(told)).not.toContain(hidden);
    }
    expect(seen[1].entries).toMatchObject([{ accountId: mine.id, amount: '-10.00', balanceAfter: '90.00' }]);
    for (const hidden of ['&metadata.iban=DE02120300000000202051', `&counterpartyAccountId=${zoes.id}`])
      expect([hidden, await entryOf(bob, hidden)]).toEqual([hidden, undefined]);
    expect(await entryOf(bob, `&initiatedBy=${signer}`)).toMatchObject({ amount: '-10.00' });
    // Who may read all that pays is told all, whoever initiated it.
    const holders = `/v1/accounts/${other.body.id}/holders`;
    const invited = await client.post(holders, {
      partyId: mine.party.bob,
      rights: ['view', 'delegate'],
      history: 'all',
    });
    expect([invited.status, invited.body.code]).toEqual([201, undefined]);
    expect((await bob.post(`${holders}/${mine.party.bob}/accept`)).status).toBe(200);
    expect(await entryOf(bob, '&metadata.iban=DE02120300000000202051')).toMatchObject({ metadata });
    expect(await entryOf(bob, `&counterpartyAccountId=${zoes.id}`)).toMatchObject({ metadata });
  });

  test('that initiated it, or pays as well, is answered what it asked for, at once and when it asks again', async () => {
    const { payer, zoes, yans, ann } = await payroll();
    const legs = { [payer.id]: '-30.00', [zoes.id]: '10.00', [yans.id]: '20.00' };
    const headers = { 'Idempotency-Key': 'wages-again' };
    const ask = () => ann.post('/v1/transactions', { entries: entriesOf(legs), metadata: { run: '2' } }, headers);
    const [first, again] = [await ask(), await ask()];
    expect(first.body.entries).toHaveLength(3);
    expect(again.body).toEqual(first.body);
    expect(again.headers['idempotent-replayed']).toBe('true');
  });
});

describe('of an account that the party does not hold', () => {
  /** Accounts that take no payment of 8.00, each for another reason. */
  async function accountsOfOthers() {
    const closed = await client.openAccount();
    await client.post(`/v1/accounts/${closed}/close`);
    const stopped = await client.openAccount();
    await client.post(`/v1/accounts/${stopped}/restrictions`, { scope: 'credits', reason: 'Seized' });
    return {
      closed,
      stopped,
      foreign: await client.openAccount({ currency: 'EUR' }),
      full: await client.openAccount({ balance: '999999999999999999.00' }),
      missing: '01890a5d-ac96-774b-bcce-b302099a8057',
    };
  }

  test('whether it is closed, in another currency, stopped, full, or there at all is one answer', async () => {
    const { id, party } = await openJointAccount(client, { ann: {} }, { balance: '9000.00' });
    const ann = await clientOf(service, party.ann);
    const others = await accountsOfOthers();
    const { closed, stopped } = others;
    for (const dryRun of ['', '?dryRun=true']) {
      const answers = await Promise.all(
        Object.values(others).map(async (to) => {
          const body = { fromAccountId: id, toAccountId: to, amount: '8.00', currency: 'USD' };
          const { status, body: problem } = await ann.post(`/v1/transfers${dryRun}`, body);
          const { requestId: _id, ...rest } = problem;
          return [status, JSON.stringify(rest).replaceAll(to, 'to')];
        }),
      );
      expect(new Set(answers.map(([status, rest]) => `${status} ${rest}`)).size).toBe(1);
      expect(answers[0]![0]).toBe(404);
    }
    const batch = await sendBatch(ann, false, [item.transfer(id, closed, '8.00'), item.transfer(id, stopped, '8.00')]);
    const codes = batch.body.results.map(({ problem }: { problem: { code: string } }) => problem.code);
    expect(codes).toEqual(['account_not_found', 'account_not_found']);
    const atomic = await sendBatch(ann, true, [item.transfer(id, closed, '8.00')]);
    expect([atomic.body.refusal.code, atomic.text.includes('closed.')]).toEqual(['account_not_found', false]);
  });

  test('what is agreed to be paid later says no more, nor does what became of it', async () => {
    const { id, party } = await openJointAccount(client, { ann: {} }, { balance: '9000.00' });
    const ann = await clientOf(service, party.ann);
    const { body: project } = await ann.post(`/v1/accounts/${id}/projects`, { name: 'Roof' });
    const order = { fromAccountId: id, amount: '8.00', currency: 'USD', schedule: { startsAt: '2099-01-05T09:00' } };
    const answersTo = async (to: string) => {
      const asked = [
        await ann.post('/v1/standing-orders', { ...order, toAccountId: to }),
        await ann.post(`/v1/projects/${project.id}/proposals`, {
          ...{ title: 'Slates', amount: '8.00', currency: 'USD', toAccountId: to },
        }),
      ];
      return asked.map(({ status, body: { requestId: _id, ...rest } }) =>
        status === 201 ? '201' : `${status} ${JSON.stringify(rest).replaceAll(to, 'to')}`,
      );
    };
    const others = await accountsOfOthers();
    const answers = await Promise.all(Object.values(others).map(answersTo));
    expect(new Set(answers.flat()).size).toBe(1);
    expect(answers[0]![0]).toContain('account_not_found');

    const open = [await client.openAccount(), await client.openAccount()];
    const orders = await Promise.all(
      open.map(async (to) => (await ann.post('/v1/standing-orders', { ...order, toAccountId: to })).body.id),
    );
    await client.post(`/v1/accounts/${open[0]}/close`);
    await client.post(`/v1/accounts/${open[1]}/restrictions`, { scope: 'credits', reason: 'Seized' });
    await makeDue(service.database, service.ledgerId, orders);
    expect(await runOnce(service)).toBe(2);
    await untilLogged(service);
    for (const [index, orderId] of orders.entries()) {
      const [run] = (await ann.get(`/v1/standing-orders/${orderId}/runs`)).body.data;
      const { lastRun } = (await ann.get(`/v1/standing-orders/${orderId}`)).body;
      for (const { refusal } of [run, lastRun]) {
        expect([refusal.code, refusal.detail.replace(open[index]!, 'to')]).toEqual([
          'account_not_found',
          'There is no account to in this ledger.',
        ]);
      }
    }
    const events = (await ann.get('/v1/events?types=standing_order.run_refused')).body.data;
    expect(events.map(({ data }: { data: { run: { refusal: object } } }) => data.run.refusal)).toMatchObject([
      { code: 'account_not_found' },
    ]);
    // The service is told why.
    const [closed] = (await client.get(`/v1/standing-orders/${orders[0]}/runs`)).body.data;
    expect(closed.refusal.code).toBe('account_closed');
    await client.post(`/v1/standing-orders/${orders[1]}/cancel`);
  });

  test('no amount comes so near to the largest balance that it would tell one', async () => {
    const { id, party } = await openJointAccount(client, { ann: {} });
    const ann = await clientOf(service, party.ann);
    for (const amount of ['100000000000000000.00', '999999999999999999.99']) {
      const deposit = await ann.post(`/v1/accounts/${id}/deposits`, { amount, currency: 'USD' });
      expect([deposit.status, deposit.body.errors]).toEqual([
        400,
        [{ in: 'body', path: 'amount', message: 'must be less than 100000000000000000 for a key of a party' }],
      ]);
    }
  });
});

describe('of an account that a holder may not look at', () => {
  test('no dry run is answered, and no refusal says what is there', async () => {
    const { id, party } = await openJointAccount(client, { ann: { rights: blind }, bob: {} }, { balance: '76543.21' });
    const ann = await clientOf(service, party.ann);
    const money = { amount: '1.00', currency: 'USD' };
    const dry = [
      await ann.post(`/v1/accounts/${id}/deposits?dryRun=true`, money),
      await ann.post(`/v1/accounts/${id}/withdrawals?dryRun=true`, money),
      await ann.post('/v1/holds?dryRun=true', { accountId: id, ...money }),
      await sendBatch(ann, false, [item.withdrawal(id, '1.00')]).then(() =>
        ann.post('/v1/batches?dryRun=true', { atomic: false, items: [item.withdrawal(id, '1.00')] }),
      ),
    ];
    for (const { status, body } of dry) expect([status, body.code, body.right]).toEqual([403, 'right_missing', 'view']);
    const much = { amount: '90000.00', currency: 'USD' };
    const refused = [
      await ann.post(`/v1/accounts/${id}/withdrawals`, much),
      await ann.post('/v1/holds', { accountId: id, ...much }),
      await sendBatch(ann, true, [item.withdrawal(id, '90000.00')]),
    ];
    const batch = await sendBatch(ann, false, [item.withdrawal(id, '90000.00')]);
    expect(batch.body.results[0].problem.code).toBe('insufficient_funds');
    for (const { text } of [...refused, batch]) expect(text).not.toMatch(/7654\d|explanation|"available"/);
    expect(refused.map(({ body }) => body.code)).toEqual([
      'insufficient_funds',
      'insufficient_funds',
      'batch_item_refused',
    ]);
  });

  test('no standing order tells what is there, by what it sweeps or by what it is refused for', async () => {
    const { id, party } = await openJointAccount(client, { ann: { rights: blind }, bob: {} }, { balance: '4321.09' });
    const ann = await clientOf(service, party.ann);
    const to = await client.openAccount();
    const order = { fromAccountId: id, toAccountId: to, currency: 'USD', schedule: { startsAt: '2099-01-05T09:00' } };
    const sweep = await ann.post('/v1/standing-orders', { ...order, sweep: { keep: '4320.00' } });
    expect([sweep.status, sweep.body.code, sweep.body.right]).toEqual([403, 'right_missing', 'view']);
    const fixed = await ann.post('/v1/standing-orders', { ...order, amount: '9999.00' });
    expect(fixed.status).toBe(201);
    await makeDue(service.database, service.ledgerId, [fixed.body.id]);
    expect(await runOnce(service)).toBe(1);
    const runs = await ann.get(`/v1/standing-orders/${fixed.body.id}/runs`);
    expect(runs.body.data[0].refusal.code).toBe('insufficient_funds');
    for (const { text } of [runs, await ann.get(`/v1/standing-orders/${fixed.body.id}`)])
      expect(text).not.toContain('4321');
    await client.post(`/v1/standing-orders/${fixed.body.id}/cancel`);
  });

  test('no answer has its version, and none is compared', async () => {
    const mandate = () => ({ bands: [{ rule: 'any', upTo: '5.00', per: 'day' }, { rule: 'all' }] });
    const { id, party } = await openJointAccount(
      client,
      { ann: { rights: blind }, bob: {} },
      { balance: '76543.21', mandate },
    );
    const [ann, bob] = [await clientOf(service, party.ann), await clientOf(service, party.bob)];
    const order = (await pay(bob, id, { amount: '10.00' })).body;
    const money = { amount: '1.00', currency: 'USD' };
    const { id: project } = (await ann.post(`/v1/accounts/${id}/projects`, { name: 'Roof' })).body;
    const calls: Array<[string, object]> = [
      [`/v1/accounts/${id}/deposits`, money],
      [`/v1/accounts/${id}/withdrawals`, money],
      ['/v1/holds', { accountId: id, ...money }],
      ['/v1/batches', { atomic: false, items: [item.deposit(id, '1.00')] }],
      [`/v1/projects/${project}/proposals`, { title: 'Slates', ...money }],
      [
        `/v1/payment-orders/${order.id}/authorisations`,
        { decision: 'approve', instructionHash: order.instructionHash },
      ],
      [`/v1/accounts/${id}/restrictions`, { reason: 'Stolen card' }],
    ];
    for (const [path, body] of calls) {
      const answer = await ann.post(path, body);
      expect([path, answer.status < 300, answer.headers.etag]).toEqual([path, true, undefined]);
      if (path === '/v1/batches') continue;
      const compared = await ann.post(path, body, { 'If-Match': '"1"' });
      expect([path, compared.status, compared.body.code]).toEqual([path, 400, 'validation_failed']);
    }
    // Who may look is told it.
    expect((await bob.post('/v1/batches', { atomic: false, items: [item.deposit(id, '1.00')] })).headers.etag).toMatch(
      /^"/,
    );
  });
});
