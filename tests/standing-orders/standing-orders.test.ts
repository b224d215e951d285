import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { standingOrderSignaturesQueue, standingOrdersQueue } from '../../src/standing-orders/standing-orders-queues.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import type { WorkQueue } from '../../src/workers/work-queue.ts';
import { byService } from '../support/authentication.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { roundsOf } from '../support/rounds.ts';
import { signAsTheyAre } from '../support/standing-orders.ts';
import { startTogether } from '../support/start-together.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

const monthly = { startsAt: '2099-01-31T09:00:00', recurrence: 'FREQ=MONTHLY;BYMONTHDAY=-1' };
const terms = { currency: 'USD', amount: '25.00', schedule: monthly };

/** Two accounts, the first with 100.00, that nobody holds: the calling service's own. */
async function openPair() {
  const [fromAccountId, toAccountId] = [await client.openAccount({ balance: '100.00' }), await client.openAccount()];
  return { fromAccountId, toAccountId };
}

function order(fields: object, headers: Record<string, string> = {}) {
  return client.post('/v1/standing-orders', { ...terms, ...fields }, headers);
}

/** Makes a standing order that waits or is active; answers it. */
async function makeOrder(fields: object) {
  const { status, body } = await order(fields);
  expect([status, body.errors ?? body.detail]).toEqual([body.status === 'waiting' ? 202 : 201, undefined]);
  return body;
}

const read = async (id: string) => (await client.get(`/v1/standing-orders/${id}`)).body;
const act = (id: string, name: 'pause' | 'resume' | 'cancel', by?: string) =>
  client.post(`/v1/standing-orders/${id}/${name}`, by === undefined ? undefined : { by });

function sign(of: { id: string; instructionHash: string }, party: string, decision = 'approve') {
  const { id, instructionHash } = of;
  return client.post(`/v1/standing-orders/${id}/authorisations`, { by: party, decision, instructionHash });
}

const sweep = (queue: WorkQueue) =>
  runBatch({ database: service.database, logger: pino({ level: 'silent' }) }, queue, service.ledgerId);

/** What is told of a standing order, and of its runs, in the order of the log. */
const toldOf = (id: string): Promise<string[]> =>
  service.rows('events').where('subject_id', id).orderBy('sequence').pluck('type');

describe('making a standing order', () => {
  test('answers it as it stands, active, with when it runs next', async () => {
    const accounts = await openPair();
    const notes = { description: 'Rent', reference: 'R-1', metadata: { flat: 4 } };
    const answer = await order({ ...accounts, ...notes, catchUp: 'latest', retries: { times: 2, everyMinutes: 30 } });
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(`/v1/standing-orders/${answer.body.id}`);
    expect(answer.body).toEqual({
      authentication: byService,
      ...{ id: expect.any(String), status: 'active', ...accounts, currency: 'USD' },
      ...{ amount: '25.00', sweep: null, topUp: null, most: null },
      schedule: { ...monthly, timeZone: 'UTC', weekends: 'keep' },
      ...{ catchUp: 'latest', retries: { times: 2, everyMinutes: 30 }, initiatedBy: null, ...notes, mandateVersion: 0 },
      ...{ instructionHash: expect.stringMatching(/^[0-9a-f]{64}$/), handledUntil: instant },
      ...{ nextRunAt: '2099-01-31T09:00:00.000Z', nextAttemptAt: '2099-01-31T09:00:00.000Z' },
      ...{ createdAt: instant, expiresAt: null, finishedAt: null },
      multiAuthorisation: {
        ...{
          status: 'Authorised',
          numberRequired: 0,
          numberReceived: 0,
          missingFrom: [],
          signedBy: [],
          expiresAt: null,
        },
      },
      authorisations: [],
    });
    expect(await read(answer.body.id)).toEqual({
      ...answer.body,
      nextRuns: ['2099-01-31', '2099-02-28', '2099-03-31', '2099-04-30', '2099-05-31'].map(
        (day) => `${day}T09:00:00.000Z`,
      ),
      lastRun: null,
    });
    expect(await toldOf(answer.body.id)).toEqual(['standing_order.activated']);
    expect(await client.balance(accounts.fromAccountId)).toBe('100.00');
  });

  test('takes the time zone of the account that pays, and follows its clocks', async () => {
    const pays = await client.post('/v1/accounts', {
      ...{ name: 'Vienna', currency: 'USD', ownership: 'sole', timeZone: 'Europe/Vienna' },
    });
    const toAccountId = await client.openAccount();
    const schedule = { startsAt: '2099-03-28T09:00:00', recurrence: 'FREQ=DAILY;COUNT=2' };
    const { schedule: kept, id } = await makeOrder({ fromAccountId: pays.body.id, toAccountId, schedule });
    expect(kept.timeZone).toBe('Europe/Vienna');
    expect((await read(id)).nextRuns).toEqual(['2099-03-28T08:00:00.000Z', '2099-03-29T07:00:00.000Z']);
  });

  test('with one idempotency key, even at once, makes one', async () => {
    const accounts = await openPair();
    const headers = { 'Idempotency-Key': 'one-order' };
    const answers = await startTogether(8, () => order(accounts, headers));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    const { data } = (await client.get(`/v1/standing-orders?accountId=${accounts.fromAccountId}`)).body;
    expect(data).toHaveLength(1);
    const other = await order({ ...accounts, amount: '26.00' }, headers);
    expectProblem(other, 'idempotency_key_reused');
  });

  test.each<[string, object, string[]]>([
    ['no rule', { amount: null }, ['amount']],
    ['two rules', { sweep: { keep: '1.00' } }, ['amount']],
    ['an amount of nothing', { amount: '0.00' }, ['amount']],
    ['an amount below zero', { amount: '-1.00' }, ['amount']],
    ['an amount with too many digits', { amount: '1.001' }, ['amount']],
    ['a sweep below zero', { amount: undefined, sweep: { keep: '-1.00' } }, ['sweep.keep']],
    ['a top-up to nothing', { amount: undefined, topUp: { to: '0.00' } }, ['topUp.to']],
    ['a limit beside a fixed amount', { most: '10.00' }, ['most']],
    ['a limit of nothing', { amount: undefined, sweep: { keep: '0.00' }, most: '0.00' }, ['most']],
    ['no schedule', { schedule: undefined }, ['schedule']],
    ['an offset in its time', { schedule: { startsAt: '2099-01-01T09:00:00Z' } }, ['schedule.startsAt']],
    ['a day that is none', { schedule: { startsAt: '2099-02-29T09:00:00' } }, ['schedule.startsAt']],
    ['a time zone that is none', { schedule: { ...monthly, timeZone: 'Mars/Olympus' } }, ['schedule.timeZone']],
    ['a rule of hours', { schedule: { ...monthly, recurrence: 'FREQ=HOURLY' } }, ['schedule.recurrence']],
    [
      'a rule that never fits',
      {
        schedule: { ...monthly, recurrence: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' },
      },
      ['schedule.recurrence'],
    ],
    ['a time that has passed', { schedule: { startsAt: '2020-01-01T09:00:00' } }, ['schedule']],
    ['an unknown rule of weekends', { schedule: { ...monthly, weekends: 'later' } }, ['schedule.weekends']],
    ['an unknown rule of catching up', { catchUp: 'some' }, ['catchUp']],
    ['too many retries', { retries: { times: 21 } }, ['retries.times']],
    ['retries without a pause', { retries: { everyMinutes: 0 } }, ['retries.everyMinutes']],
    ['a value date', { valueDate: '2099-01-01' }, ['valueDate']],
    ['a time to sign that has passed', { expiresAt: '2020-01-01T00:00:00Z' }, ['expiresAt']],
    ['an initiator that is no id', { initiatedBy: 'ann' }, ['initiatedBy']],
  ])('refuses %s', async (_, fields, paths) => {
    const accounts = await openPair();
    await leavingTheBooksAlone(service, async () => {
      expectProblem(await order({ ...accounts, ...fields }), 'validation_failed', paths);
    });
    expect((await client.get(`/v1/standing-orders?accountId=${accounts.fromAccountId}`)).body.data).toEqual([]);
  });

  test('refuses accounts that are not there, the same, closed, clearing or of another currency', async () => {
    const { fromAccountId, toAccountId } = await openPair();
    expectProblem(await order({ fromAccountId: nobody, toAccountId }), 'account_not_found');
    expectProblem(await order({ fromAccountId, toAccountId: nobody }), 'account_not_found');
    expectProblem(await order({ fromAccountId, toAccountId: fromAccountId }), 'validation_failed', ['toAccountId']);
    const closed = await client.openAccount();
    await client.post(`/v1/accounts/${closed}/close`);
    expectProblem(await order({ fromAccountId, toAccountId: closed }), 'account_closed');
    expectProblem(await order({ fromAccountId: closed, toAccountId }), 'account_closed');
    const euros = await client.openAccount({ currency: 'EUR' });
    expectProblem(await order({ fromAccountId, toAccountId: euros }), 'currency_mismatch');
    expectProblem(await order({ fromAccountId, toAccountId, initiatedBy: nobody }), 'party_not_found');
    const { data } = (await client.get('/v1/accounts?ownership=clearing')).body;
    expectProblem(await order({ fromAccountId, toAccountId: data[0].id }), 'clearing_account');
  });

  test('is limited to 500 of an account that are not finished, also at once', async () => {
    const { fromAccountId, toAccountId } = await openPair();
    const { id } = await makeOrder({ fromAccountId, toAccountId });
    await copyOrder(id, 495);
    const answers = await startTogether(10, () => order({ fromAccountId, toAccountId }));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 201, 409, 409, 409, 409, 409, 409]);
    for (const answer of answers.filter(({ status }) => status === 409)) {
      expectProblem(answer, 'too_many_standing_orders');
      expect(answer.body).toMatchObject({ accountId: fromAccountId, limit: 500 });
    }
    await act(id, 'cancel');
    expect((await order({ fromAccountId, toAccountId })).status).toBe(201);
  });
});

const aMinuteAgo = () => new Date(Date.now() - 60_000);

/** Makes so many more orders like this one, as it is stored. */
async function copyOrder(id: string, count: number): Promise<void> {
  await service.database.raw(
    `insert into standing_orders
     select (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid()))).*
     from standing_orders o, generate_series(1, ?) where o.ledger_id = ? and o.id = ?`,
    [count, service.ledgerId, id],
  );
}

describe('the mandate of the account that pays', () => {
  /** What Ann and Bob hold together: up to 50.00 one of them signs, beyond it both do. Cai may only look. */
  async function openJoint() {
    const bands = [
      { rule: 'any', upTo: '50.00' },
      { rule: 'count', count: 2 },
    ];
    const holders = { ann: {}, bob: {}, cai: { rights: ['view' as const] } };
    const { id, party } = await openJointAccount(client, holders, { balance: '1000.00', mandate: () => ({ bands }) });
    return { party, accounts: { fromAccountId: id, toAccountId: await client.openAccount() } };
  }

  test('one signature that is enough makes it active', async () => {
    const { party, accounts } = await openJoint();
    const made = await makeOrder({ ...accounts, initiatedBy: party.ann });
    expect(made.status).toBe('active');
    expect(made.multiAuthorisation).toMatchObject({ numberRequired: 1, numberReceived: 1, signedBy: [party.ann] });
  });

  test('waits for the others when it is more, and goes on when they have signed', async () => {
    const { party, accounts } = await openJoint();
    const waiting = await makeOrder({ ...accounts, amount: '60.00', initiatedBy: party.ann });
    expect(waiting).toMatchObject({ status: 'waiting', nextRunAt: null, expiresAt: instant });
    expect(waiting.multiAuthorisation).toMatchObject({ numberRequired: 2, numberReceived: 1 });
    expect(waiting.multiAuthorisation.missingFrom).toEqual([party.bob]);
    expect((await read(waiting.id)).nextRuns).toHaveLength(5);
    expectProblem(await sign(waiting, party.cai), 'right_missing');
    expectProblem(await sign({ ...waiting, instructionHash: '0'.repeat(64) }, party.bob), 'instruction_mismatch');
    expectProblem(await sign(waiting, party.ann, 'reject'), 'already_decided');
    const signed = await sign(waiting, party.bob);
    expect([signed.status, signed.body.status]).toEqual([200, 'active']);
    expect(signed.body.nextRunAt).toBe('2099-01-31T09:00:00.000Z');
    expect([...signed.body.multiAuthorisation.signedBy].sort()).toEqual([party.ann, party.bob].sort());
    expectProblem(await sign(waiting, party.bob), 'standing_order_not_open');
    expect(await toldOf(waiting.id)).toEqual(['standing_order.waiting', 'standing_order.activated']);
  });

  test('what has no limit takes the signatures for any amount; with a limit, those for the limit', async () => {
    const { party, accounts } = await openJoint();
    const rule = { amount: undefined, sweep: { keep: '500.00' }, initiatedBy: party.ann, ...accounts };
    expect((await makeOrder(rule)).status).toBe('waiting');
    expect((await makeOrder({ ...rule, most: '50.01' })).status).toBe('waiting');
    expect((await makeOrder({ ...rule, most: '50.00' })).status).toBe('active');
  });

  test('is rejected when those who are left cannot complete it', async () => {
    const { party, accounts } = await openJoint();
    const waiting = await makeOrder({ ...accounts, amount: '60.00', initiatedBy: party.ann });
    expect((await sign(waiting, party.bob, 'reject')).body).toMatchObject({ status: 'rejected', finishedAt: instant });
    expect(await toldOf(waiting.id)).toEqual(['standing_order.waiting', 'standing_order.rejected']);
  });

  test('both sign at once: it is active, once', async () => {
    const all = { ann: {}, bob: {}, cai: {} };
    const mandate = () => ({ rule: 'count', count: 2 });
    const { id, party } = await openJointAccount(client, all, { mandate });
    const toAccountId = await client.openAccount();
    for (const _round of roundsOf(10)) {
      const waiting = await makeOrder({ fromAccountId: id, toAccountId, initiatedBy: party.ann });
      const both = [party.bob, party.cai];
      const answers = await startTogether(2, (caller) => sign(waiting, both[caller]!));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect(await toldOf(waiting.id)).toEqual(['standing_order.waiting', 'standing_order.activated']);
    }
  });

  test('what is not signed in time expires, noted or not, and is told of once', async () => {
    const { party, accounts } = await openJoint();
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const waiting = await makeOrder({ ...accounts, amount: '60.00', initiatedBy: party.ann, expiresAt });
    expect(waiting.expiresAt).toBe(expiresAt);
    await service.rows('standing_orders').where('id', waiting.id).update({ expires_at: aMinuteAgo() });
    expect((await read(waiting.id)).status).toBe('expired');
    expectProblem(await sign(waiting, party.bob), 'standing_order_not_open');
    expectProblem(await act(waiting.id, 'cancel'), 'standing_order_not_open');
    const listed = (status: string) =>
      client.get(`/v1/standing-orders?accountId=${accounts.fromAccountId}&status=${status}`);
    expect((await listed('expired')).body.data).toHaveLength(1);
    expect((await listed('waiting')).body.data).toHaveLength(0);
    expect([await sweep(standingOrderSignaturesQueue), await sweep(standingOrderSignaturesQueue)]).toEqual([1, 0]);
    expect((await read(waiting.id)).status).toBe('expired');
    expect(await toldOf(waiting.id)).toEqual(['standing_order.waiting', 'standing_order.expired']);
  });

  test('what is not signed in time is none of the 500, noted or not', async () => {
    const { party, accounts } = await openJoint();
    const fields = { ...accounts, amount: '60.00', initiatedBy: party.ann };
    const waiting = await makeOrder(fields);
    await copyOrder(waiting.id, 499);
    expectProblem(await order(fields), 'too_many_standing_orders');
    const ofAccount = service.rows('standing_orders').where('account_id', accounts.fromAccountId);
    await ofAccount.update({ expires_at: aMinuteAgo() });
    expect((await order(fields)).status).toBe(202);
  });

  test('what is executed once is to be signed before, and what comes too late ends the order', async () => {
    const { party, accounts } = await openJoint();
    const fields = { ...accounts, amount: '60.00', initiatedBy: party.ann };
    const soon = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000).toISOString();
    const once = await makeOrder({ ...fields, schedule: { startsAt: soon.slice(0, 19) } });
    expect(once.expiresAt).toBe(soon);
    const schedule = { startsAt: soon.slice(0, 19), recurrence: 'FREQ=DAILY;COUNT=1' };
    const ending = await makeOrder({ ...fields, schedule });
    await service.rows('standing_orders').where('id', ending.id).update({ starts_at: '2020-01-06T09:00:00' });
    await signAsTheyAre(service.database, service.ledgerId);
    const { instructionHash } = await read(ending.id);
    const late = await sign({ ...ending, instructionHash }, party.bob);
    expect([late.status, late.body.status, late.body.nextRunAt]).toEqual([200, 'expired', null]);
    expect(await toldOf(ending.id)).toEqual(['standing_order.waiting', 'standing_order.expired']);
  });

  test('an initiator without the right, or what all together could not sign, is refused', async () => {
    const { party, accounts } = await openJoint();
    expectProblem(await order({ ...accounts, initiatedBy: party.cai }), 'right_missing');
    const stranger = await client.createParty('Stranger');
    expectProblem(await order({ ...accounts, initiatedBy: stranger }), 'not_a_holder');
    const mandate = () => ({ rule: 'count', count: 3 });
    const { id, party: two } = await openJointAccount(client, { ann: {}, bob: {} }, { mandate });
    const toAccountId = accounts.toAccountId;
    expectProblem(await order({ fromAccountId: id, toAccountId, initiatedBy: two.ann }), 'mandate_unreachable');
  });

  test('managers and the initiator pause and cancel, others do not', async () => {
    const { party, accounts } = await openJoint();
    const made = await makeOrder({ ...accounts, initiatedBy: party.ann });
    expectProblem(await act(made.id, 'pause', party.cai), 'right_missing');
    expectProblem(await act(made.id, 'pause', nobody), 'party_not_found');
    expect((await act(made.id, 'pause', party.ann)).body.status).toBe('paused');
    expect((await act(made.id, 'cancel', party.bob)).body.status).toBe('cancelled');
  });
});

describe('pausing, resuming and cancelling', () => {
  test('change what is next, and saying it again changes nothing', async () => {
    const { id } = await makeOrder(await openPair());
    expect((await act(id, 'pause')).body).toMatchObject({ status: 'paused', nextRunAt: null, nextAttemptAt: null });
    expect((await act(id, 'pause')).status).toBe(200);
    expect((await act(id, 'resume')).body).toMatchObject({ status: 'active', nextRunAt: '2099-01-31T09:00:00.000Z' });
    expect((await act(id, 'resume')).status).toBe(200);
    expect((await act(id, 'cancel')).body).toMatchObject({ status: 'cancelled', finishedAt: instant, nextRunAt: null });
    expect((await act(id, 'cancel')).status).toBe(200);
    for (const name of ['pause', 'resume'] as const) {
      const refused = await act(id, name);
      expectProblem(refused, 'standing_order_not_open');
      expect(refused.body.state).toBe('cancelled');
    }
    const told = ['activated', 'paused', 'resumed', 'cancelled'].map((name) => `standing_order.${name}`);
    expect(await toldOf(id)).toEqual(told);
    expect((await read(id)).nextRuns).toEqual([]);
  });

  test('with wait=0 are refused at once while a worker has the order', async () => {
    const { id } = await makeOrder(await openPair());
    await service.database.transaction(async (worker) => {
      await worker('standing_orders').where({ id }).forUpdate();
      for (const name of ['pause', 'cancel'] as const) {
        const refused = await client.post(`/v1/standing-orders/${id}/${name}`, undefined, { Prefer: 'wait=0' });
        expectProblem(refused, 'account_locked');
      }
    });
    expect((await act(id, 'pause')).body.status).toBe('paused');
  });

  test('of an order that is not there answer so', async () => {
    for (const name of ['pause', 'resume', 'cancel'] as const) {
      expectProblem(await act(nobody, name), 'standing_order_not_found');
    }
    expectProblem(await client.get(`/v1/standing-orders/${nobody}`), 'standing_order_not_found');
    expectProblem(await client.get(`/v1/standing-orders/${nobody}/runs`), 'standing_order_not_found');
    expectProblem(
      await sign({ id: nobody, instructionHash: '0'.repeat(64) }, await client.createParty('Ann')),
      'standing_order_not_found',
    );
    expectProblem(await client.get('/v1/standing-orders/x'), 'validation_failed', ['orderId']);
  });
});

describe('lists', () => {
  test('page through the orders of an account, by status', async () => {
    const accounts = await openPair();
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) ids.push((await makeOrder(accounts)).id);
    await act(ids[1]!, 'pause');
    const path = `/v1/standing-orders?accountId=${accounts.fromAccountId}`;
    expect((await walkPages(client, `${path}&order=asc`)).map(({ id }) => id)).toEqual(ids);
    expect((await walkPages(client, path)).map(({ id }) => id)).toEqual([...ids].reverse());
    expect((await walkPages(client, `${path}&status=paused`)).map(({ id }) => id)).toEqual([ids[1]]);
    expect((await client.get('/v1/standing-orders?limit=200')).body.data.length).toBeGreaterThanOrEqual(5);
    expectProblem(await client.get(`${path}&status=lost`), 'validation_failed', ['status']);
    expectProblem(await client.get(`/v1/standing-orders?accountId=${nobody}`), 'account_not_found');
  });

  test('page through the runs of an order, the latest first', async () => {
    const accounts = await openPair();
    const schedule = { startsAt: '2099-01-01T09:00:00', recurrence: 'FREQ=DAILY;COUNT=5' };
    const { id } = await makeOrder({ ...accounts, schedule, amount: '1.00' });
    await service
      .rows('standing_orders')
      .where({ id })
      .update({
        ...{ starts_at: '2026-01-01T09:00:00', handled_until: '2026-01-01T00:00:00Z' },
        ...{ next_occurrence_at: '2026-01-01T09:00:00Z', next_due_at: '2026-01-01T09:00:00Z' },
        next_attempt_at: '2026-01-01T09:00:00Z',
      });
    await signAsTheyAre(service.database, service.ledgerId);
    for (let run = 0; run < 5; run++) expect(await sweep(standingOrdersQueue)).toBe(1);
    expect(await sweep(standingOrdersQueue)).toBe(0);
    const runs = await walkPages(client, `/v1/standing-orders/${id}/runs`);
    expect(runs.map(({ occurrenceAt }) => occurrenceAt)).toEqual(
      [5, 4, 3, 2, 1].map((day) => `2026-01-0${day}T09:00:00.000Z`),
    );
    expect(runs[0]).toMatchObject({
      standingOrderId: id,
      status: 'booked',
      attempts: 1,
      amount: '1.00',
      refusal: null,
    });
    const after = await read(id);
    expect(after).toMatchObject({ status: 'completed', finishedAt: instant, nextRuns: [] });
    expect(after.lastRun).toEqual(runs[0]);
    const booked = (await client.get(`/v1/transactions/${runs[0]!.transactionId}`)).body;
    expect(booked).toMatchObject({
      type: 'transfer',
      amount: '1.00',
      origin: { type: 'standing_order', id: runs[0]!.id },
    });
    expect([await client.balance(accounts.fromAccountId), await client.balance(accounts.toAccountId)]).toEqual([
      ...['95.00', '5.00'],
    ]);
    expect(await toldOf(id)).toEqual([
      'standing_order.activated',
      ...Array(5).fill('standing_order.run_booked'),
      'standing_order.completed',
    ]);
  });
});
