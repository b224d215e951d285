import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Webhook as Verifier } from 'standardwebhooks';
import { readWorkMetrics } from '../../src/metrics/work-metrics.ts';
import { untilLogged } from '../support/event-log.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { behaviour, startWebhookReceiver } from '../support/webhook-receiver.ts';
import { openWebhookScene, type WebhookScene } from '../support/webhook-scene.ts';

const hourMs = 3_600_000;
let service: TestService;
let scene: WebhookScene;

beforeAll(async () => {
  service = await startTestService({});
});

afterAll(() => service.stop());

beforeEach(async () => {
  scene = await openWebhookScene(service);
});

afterEach(() => scene.close());

/** As though this had happened so long ago. */
function rewind(table: string, column: string, id: string, ms: number): Promise<number> {
  const earlier = service.database.raw(`?? - ? * interval '1 ms'`, [column, ms]);
  return service
    .database(table)
    .where({ ledger_id: scene.ledgerId, id })
    .update({ [column]: earlier });
}

const depositsOf = () => scene.arrived().map(({ data }) => data.amount);

describe('an event', () => {
  test('arrives as a CloudEvent, signed, under its own id', async () => {
    const account = await scene.client.openAccount();
    await untilLogged({ database: service.database });
    const { id, secret } = await scene.register();
    const transactionId = await scene.deposit(account, '5.00');
    await scene.worker.deliver();

    const { body: transaction } = await scene.client.get(`/v1/transactions/${transactionId}`);
    const [{ headers, body, path }] = scene.receiver.received as [(typeof scene.receiver.received)[number]];
    expect([scene.receiver.received.length, path]).toEqual([1, '/hooks']);
    expect(JSON.parse(body)).toEqual({
      specversion: '1.0',
      id: headers['webhook-id'],
      source: `/ledgers/${scene.ledgerId}`,
      type: 'transaction.booked',
      subject: transactionId,
      time: transaction.bookedAt,
      datacontenttype: 'application/json',
      sequence: '2',
      sequencetype: 'Integer',
      accountid: account,
      data: transaction,
    });
    expect(headers['content-type']).toBe('application/cloudevents+json');
    expect(new Verifier(secret).verify(body, headers as Record<string, string>)).toEqual(JSON.parse(body));
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);

    const [delivery] = await scene.deliveries(id);
    expect(delivery).toEqual({
      id: expect.any(String),
      endpointId: id,
      webhookId: headers['webhook-id'],
      type: 'transaction.booked',
      accountId: account,
      status: 'delivered',
      attempts: 1,
      answers: [{ at: expect.any(String), status: 204, answer: '', ms: expect.any(Number) }],
      nextAttemptAt: null,
      createdAt: expect.any(String),
      finishedAt: expect.any(String),
    });
    expect((await scene.client.get(`/v1/webhook-deliveries/${delivery!.id}`)).body).toEqual(delivery);
  });

  test('arrives once, however often workers look', async () => {
    await scene.register();
    const account = await scene.client.openAccount({ balance: '5.00' });
    await scene.client.createParty('Ann');
    for (let round = 0; round < 3; round++) await scene.worker.deliver();
    const told = scene.arrived().map(({ type, accountid }) => [type, accountid]);
    expect(told).toHaveLength(3);
    expect(told).toEqual(
      expect.arrayContaining([
        ['account.opened', account],
        ['transaction.booked', account],
        ['party.created', undefined],
      ]),
    );
  });

  test('from before the registration does not arrive', async () => {
    const account = await scene.client.openAccount({ balance: '1.00' });
    await untilLogged({ database: service.database });
    await scene.register();
    await scene.deposit(account, '2.00');
    await scene.worker.deliver();
    expect(depositsOf()).toEqual(['2.00']);
  });

  test('arrives at those who asked for it, by type and by account', async () => {
    const [mine, other] = [await scene.client.openAccount(), await scene.client.openAccount()];
    await untilLogged({ database: service.database });
    const paths = {
      '/type': { eventTypes: ['account.updated', 'party.created'] },
      '/account': { accountIds: [mine] },
      '/both': { accountIds: [mine], eventTypes: ['account.updated'] },
    };
    for (const [path, filter] of Object.entries(paths)) {
      await scene.register({ url: `${scene.receiver.url}${path}`, ...filter });
    }
    await scene.deposit(mine, '1.00');
    await scene.deposit(other, '2.00');
    await scene.client.patch(`/v1/accounts/${mine}`, { name: 'Mine' });
    await scene.client.patch(`/v1/accounts/${other}`, { name: 'Other' });
    await scene.client.createParty('Ann');
    await scene.worker.deliver();
    const arrivedAt = (path: string) =>
      scene.arrived().filter((_event, index) => scene.receiver.received[index]!.path === path);
    const kinds = (path: string) => arrivedAt(path).map(({ type, accountid = null }) => [type, accountid]);
    expect(kinds('/type').sort()).toEqual(
      [
        ['account.updated', mine],
        ['account.updated', other],
        ['party.created', null],
      ].sort(),
    );
    expect(kinds('/account').sort()).toEqual([
      ['account.updated', mine],
      ['transaction.booked', mine],
    ]);
    expect(kinds('/both')).toEqual([['account.updated', mine]]);
  });

  test('arrives, though it is one of more than are looked at at once', async () => {
    const account = await scene.client.openAccount();
    await untilLogged({ database: service.database });
    const { id } = await scene.register({ eventTypes: ['party.created'] });
    const items = Array.from({ length: 600 }, () => ({
      type: 'deposit',
      accountId: account,
      amount: '1.00',
      currency: 'USD',
    }));
    expect((await scene.client.post('/v1/batches', { atomic: true, items })).status).toBe(200);
    await scene.client.createParty('Ann');
    await scene.worker.deliver();
    expect((await scene.deliveries(id)).map(({ type }) => type)).toEqual(['party.created']);
  });
});

describe('a receiver that fails', () => {
  test('is tried again with the same message, later each time, until it answers', async () => {
    const { id, secret } = await scene.register();
    await scene.client.createParty('Ann');
    const { answer, breakOff } = behaviour;
    scene.receiver.behave(
      answer(500, 'not yet'),
      breakOff(),
      answer(302, '', { location: '/' }),
      answer(200, 'thanks'),
    );
    const pausesMs: number[] = [];
    for (let tries = 1; tries <= 4; tries++) {
      await scene.worker.deliver();
      const [delivery] = await scene.deliveries(id);
      expect(delivery).toMatchObject({ attempts: tries, status: tries < 4 ? 'pending' : 'delivered' });
      if (tries === 4) break;
      pausesMs.push(Date.parse(delivery!.nextAttemptAt!) - Date.parse(delivery!.answers.at(-1)!.at));
      expect((await scene.endpoint(id)).failingSince).toEqual(expect.any(String));
      await scene.worker.skipPauses();
    }

    const { answers } = (await scene.deliveries(id))[0]!;
    expect(answers).toMatchObject([
      { status: 500, answer: 'not yet' },
      { failure: 'connection_failed', detail: 'socket hang up' },
      { status: 302, answer: '' },
      { status: 200, answer: 'thanks' },
    ]);
    for (const [index, fullMs] of [5_000, 10_000, 20_000].entries()) {
      expect(pausesMs[index]).toBeGreaterThan(fullMs / 2 - 100);
      // From the try to its note takes a moment.
      expect(pausesMs[index]).toBeLessThan(fullMs + 5_000);
    }
    const { received } = scene.receiver;
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    for (const { body, headers } of received) new Verifier(secret).verify(body, headers as Record<string, string>);
    expect((await scene.endpoint(id)).failingSince).toBeNull();
  });

  test.each([
    ['a pause longer than its own', 429, '600', 600_000, 600_000],
    ['a pause longer than the longest', 503, '9999999', 4 * hourMs, 4 * hourMs],
    ['a pause shorter than its own', 503, '1', 2_500, 5_000],
    ['nonsense', 500, 'soon', 2_500, 5_000],
    ['none with its redirect', 307, '0', 2_500, 5_000],
  ])('and asks for %s is tried again accordingly', async (_wish, status, retryAfter, leastMs, mostMs) => {
    const { id } = await scene.register();
    await scene.client.createParty('Ann');
    scene.receiver.behave(behaviour.answer(status, '', { 'retry-after': retryAfter }));
    await scene.worker.deliver();
    const [delivery] = await scene.deliveries(id);
    expect(delivery).toMatchObject({ status: 'pending', attempts: 1, answers: [{ status }] });
    const pauseMs = Date.parse(delivery!.nextAttemptAt!) - Date.parse(delivery!.answers[0]!.at);
    expect(pauseMs).toBeGreaterThan(leastMs - 100);
    // From the try to its note takes a moment.
    expect(pauseMs).toBeLessThan(mostMs + 5_000);
  });

  test('and asks for a pause is not called before it is over', async () => {
    const { id } = await scene.register();
    await scene.client.createParty('Ann');
    scene.receiver.behave(behaviour.answer(503, '', { 'retry-after': '60' }), behaviour.answer(204));
    await scene.worker.deliver();
    const [delivery] = await scene.deliveries(id);
    await rewind('webhook_deliveries', 'next_attempt_at', delivery!.id, 55_000);
    expect([await scene.worker.send(), scene.receiver.received.length]).toEqual([0, 1]);
    await rewind('webhook_deliveries', 'next_attempt_at', delivery!.id, 5_000);
    await scene.worker.deliver();
    const answers = [{ status: 503, retryAfterSeconds: 60 }, { status: 204 }];
    expect(await scene.deliveries(id)).toMatchObject([{ status: 'delivered', attempts: 2, answers }]);
  });

  test.each([
    ['hangs', behaviour.hang],
    ['never comes to the end of its headers', behaviour.trickleHeaders],
  ])('because it %s is tried again', async (_how, hanging) => {
    const { id } = await scene.register();
    await scene.client.createParty('Ann');
    scene.receiver.behave(hanging, behaviour.answer(204));
    await scene.worksWith({ timeoutMs: 300 }).deliver();
    await scene.worker.skipPauses();
    await scene.worker.deliver();
    expect(await scene.deliveries(id)).toMatchObject([
      { status: 'delivered', attempts: 2, answers: [{ failure: 'timeout' }, { status: 204 }] },
    ]);
  });

  test('by redirecting elsewhere is not followed', async () => {
    const other = await startWebhookReceiver();
    const { id } = await scene.register();
    await scene.client.createParty('Ann');
    scene.receiver.behave(behaviour.redirectTo(other.url));
    await scene.worker.deliver();
    expect(await scene.deliveries(id, '&status=pending')).toMatchObject([{ attempts: 1, answers: [{ status: 307 }] }]);
    expect(other.connections()).toBe(0);
    await other.close();
  });

  test('for long leaves its last twenty answers', async () => {
    const { id } = await scene.register();
    await scene.client.createParty('Ann');
    await scene.worker.tell();
    for (let tries = 1; tries <= 23; tries++) {
      scene.receiver.behave(behaviour.answer(500, `try ${tries}`));
      await scene.worker.skipPauses();
      await scene.worker.send();
    }
    const { attempts, answers } = (await scene.deliveries(id))[0]!;
    expect([attempts, answers.length]).toEqual([23, 20]);
    expect([answers[0], answers[19]]).toMatchObject([{ answer: 'try 4' }, { answer: 'try 23' }]);
  });

  test('after a day of tries is not sent the event any more', async () => {
    const { id } = await scene.register();
    await scene.client.createParty('Ann');
    scene.receiver.behave(behaviour.answer(500));
    await scene.worker.deliver();
    const [delivery] = await scene.deliveries(id);
    await rewind('webhook_deliveries', 'pending_since', delivery!.id, 24 * hourMs);
    await scene.worker.skipPauses();
    await scene.worker.deliver();
    expect(await scene.deliveries(id, '&status=failed')).toMatchObject([{ attempts: 2, nextAttemptAt: null }]);
    // It may have taken others meanwhile.
    expect(await scene.endpoint(id)).toMatchObject({ status: 'active', failingSince: expect.any(String) });
    await scene.worker.skipPauses();
    expect(await scene.worker.send()).toBe(0);
  });
});

test('what comes of each try is counted', async () => {
  const count = async (outcome: string) => {
    const line = new RegExp(`^joint_ledger_webhook_attempts_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm');
    return Number(line.exec(await readWorkMetrics())?.[1] ?? 0);
  };
  const outcomes = ['delivered', 'failed', 'given_up'];
  const before = await Promise.all(outcomes.map(count));
  const { id } = await scene.register();
  scene.receiver.behave(behaviour.answer(500), behaviour.answer(500), behaviour.answer(204), behaviour.answer(410));
  await scene.client.post(`/v1/webhook-endpoints/${id}/test`);
  for (let attempt = 0; attempt < 3; attempt++) {
    await scene.worker.skipPauses();
    await scene.worker.send();
  }
  await scene.client.post(`/v1/webhook-endpoints/${id}/test`);
  await scene.worker.send();
  const after = await Promise.all(outcomes.map(count));
  expect(after.map((counted, index) => counted - before[index]!)).toEqual([1, 2, 1]);
});

describe('order', () => {
  async function openThree() {
    const [first, second] = [await scene.client.openAccount(), await scene.client.openAccount()];
    await untilLogged({ database: service.database });
    return { first, second };
  }

  test('where it is asked for, keeps the events of an account back behind one that is not delivered', async () => {
    const { first, second } = await openThree();
    const { id } = await scene.register({ ordered: true });
    for (const amount of ['1.00', '2.00', '3.00']) await scene.deposit(first, amount);
    await scene.deposit(second, '9.00');
    await scene.client.createParty('Ann');
    scene.receiver.behave(behaviour.answer(500));
    await scene.worker.deliver();
    expect(
      scene
        .arrived()
        .map(({ type, data }) => data.amount ?? type)
        .sort(),
    ).toEqual(['1.00', '9.00', 'party.created']);

    scene.receiver.behave(behaviour.answer(204));
    await scene.worker.skipPauses();
    await scene.worker.deliver();
    const ofFirst = scene.arrived().filter(({ accountid }) => accountid === first);
    expect(ofFirst.map(({ data, sequence }) => [data.amount, sequence])).toEqual([
      ['1.00', '2'],
      ['1.00', '2'],
      ['2.00', '3'],
      ['3.00', '4'],
    ]);
    expect((await scene.deliveries(id)).map(({ status }) => status)).toEqual(Array(5).fill('delivered'));
  });

  test('where it is asked for, goes on behind an event that was given up', async () => {
    const { first } = await openThree();
    const { id } = await scene.register({ ordered: true });
    await scene.deposit(first, '1.00');
    await scene.deposit(first, '2.00');
    scene.receiver.behave(behaviour.answer(500), behaviour.answer(500), behaviour.answer(204));
    await scene.worker.deliver();
    await rewind('webhook_deliveries', 'pending_since', (await scene.deliveries(id))[0]!.id, 24 * hourMs);
    await scene.worker.skipPauses();
    await scene.worker.deliver();
    expect(depositsOf()).toEqual(['1.00', '1.00', '2.00']);
    expect((await scene.deliveries(id)).map(({ status }) => status)).toEqual(['failed', 'delivered']);
  });

  test('where it is not asked for, keeps nothing back', async () => {
    const { first } = await openThree();
    await scene.register();
    await scene.deposit(first, '1.00');
    await scene.deposit(first, '2.00');
    scene.receiver.behave(behaviour.answer(500));
    await scene.worker.deliver();
    expect(depositsOf().sort()).toEqual(['1.00', '2.00']);
  });
});

describe('sending again', () => {
  test('repeats what was delivered, with the same id', async () => {
    const { id } = await scene.register();
    await scene.client.createParty('Ann');
    await scene.worker.deliver();
    const [delivery] = await scene.deliveries(id);
    const again = await scene.client.post(`/v1/webhook-deliveries/${delivery!.id}/redeliver`);
    expect([again.status, again.body]).toEqual([
      202,
      { ...delivery, status: 'pending', attempts: 0, nextAttemptAt: expect.any(String), finishedAt: null },
    ]);
    expect((await scene.client.get(`/v1/webhook-deliveries/${delivery!.id}`)).body).toEqual(again.body);
    await scene.worker.deliver();
    const [first, second] = scene.receiver.received;
    expect([second!.headers['webhook-id'], second!.body]).toEqual([first!.headers['webhook-id'], first!.body]);
    expect((await scene.deliveries(id))[0]).toMatchObject({ status: 'delivered', attempts: 1, answers: [{}, {}] });
  });

  test('gives what failed another day', async () => {
    const { id } = await scene.register();
    await scene.client.createParty('Ann');
    scene.receiver.behave(behaviour.answer(500));
    await scene.worker.tell();
    const [delivery] = await scene.deliveries(id);
    await rewind('webhook_deliveries', 'pending_since', delivery!.id, 24 * hourMs);
    await scene.worker.deliver();
    expect((await scene.deliveries(id))[0]).toMatchObject({ status: 'failed' });
    await scene.client.post(`/v1/webhook-deliveries/${delivery!.id}/redeliver`);
    await scene.worker.deliver();
    expect((await scene.deliveries(id))[0]).toMatchObject({ status: 'pending', attempts: 1 });
  });

  test('is refused for what is pending', async () => {
    const { id } = await scene.register();
    const { body } = await scene.client.post(`/v1/webhook-endpoints/${id}/test`);
    const again = await scene.client.post(`/v1/webhook-deliveries/${body.id}/redeliver`);
    expect([again.status, again.body.code]).toEqual([409, 'webhook_delivery_pending']);
  });
});

describe('the list of deliveries', () => {
  test('has pages, latest first, and can be asked for a status', async () => {
    const { id } = await scene.register({ eventTypes: ['party.created'] });
    for (const name of ['Ann', 'Bob', 'Cai']) await scene.client.createParty(name);
    scene.receiver.behave(behaviour.answer(204), behaviour.answer(500));
    await scene.worker.deliver();
    const path = `/v1/webhook-endpoints/${id}/deliveries`;
    const all = (await scene.client.get(path)).body.data.map(({ id }: { id: string }) => id);
    expect(all).toEqual([...all].sort().reverse());
    expect(all).toHaveLength(3);
    const first = (await scene.client.get(`${path}?limit=2`)).body;
    expect(first.data.map(({ id }: { id: string }) => id)).toEqual(all.slice(0, 2));
    const second = (await scene.client.get(`${path}?limit=2&cursor=${first.nextCursor}`)).body;
    expect([second.data.map(({ id }: { id: string }) => id), second.nextCursor]).toEqual([all.slice(2), null]);
    for (const [status, count] of Object.entries({ delivered: 1, pending: 2, failed: 0 })) {
      expect((await scene.client.get(`${path}?status=${status}`)).body.data).toHaveLength(count);
    }
    expect((await scene.client.get(`${path}?order=asc&cursor=${first.nextCursor}`)).body.code).toBe('invalid_cursor');
  });
});
