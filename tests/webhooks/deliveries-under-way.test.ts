import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createDatabase } from '../../src/database/create-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { behaviour, startWebhookReceiver } from '../support/webhook-receiver.ts';
import { openWebhookScene, type WebhookScene } from '../support/webhook-scene.ts';

let service: TestService;
let scene: WebhookScene;
/** Lets the receiver answer what it holds back. */
let release: () => void;
let released: Promise<void>;

beforeAll(async () => {
  service = await startTestService({});
});

afterAll(() => service.stop());

beforeEach(async () => {
  scene = await openWebhookScene(service);
  released = new Promise((resolve) => {
    release = resolve;
  });
});

afterEach(() => scene.close());

/** Registers an endpoint at a receiver that answers when it is released, and waits until it has got a test call. */
async function sendAndWait(answer = behaviour.answer(204)) {
  const { id } = await scene.register({ eventTypes: ['party.created'] });
  await scene.client.post(`/v1/webhook-endpoints/${id}/test`);
  scene.receiver.behave(behaviour.after(released, answer));
  const sending = scene.worker.send();
  await scene.receiver.untilReceived(1);
  return { id, sending };
}

describe('while a receiver holds its answer back', () => {
  test('no transaction is open, and nothing is locked', async () => {
    const applicationName = 'worker that is looked at';
    const pool = { url: service.databaseUrl, poolSize: 5, applicationName, acquireTimeoutMs: 10_000 };
    const database = createDatabase(pool);
    const { id } = await scene.register();
    await scene.client.post(`/v1/webhook-endpoints/${id}/test`);
    scene.receiver.behave(behaviour.after(released, behaviour.answer(204)));
    const sending = scene.worksWith({ database }).send();
    await scene.receiver.untilReceived(1);

    const { rows: sessions } = await service.database.raw(
      'select pid, state, xact_start, backend_xid from pg_stat_activity where application_name = ?',
      [applicationName],
    );
    expect(sessions.length).toBeGreaterThan(0);
    for (const session of sessions)
      expect(session).toMatchObject({ state: 'idle', xact_start: null, backend_xid: null });
    const pids = sessions.map(({ pid }: { pid: number }) => pid);
    expect((await service.database.raw('select from pg_locks where pid = any(?)', [pids])).rows).toEqual([]);
    // Nobody else holds them either.
    for (const table of ['webhook_endpoints', 'webhook_deliveries']) {
      const free = service.database(table).where('ledger_id', scene.ledgerId).forUpdate().skipLocked();
      expect(await free.pluck('id')).toHaveLength(1);
    }

    release();
    expect(await sending).toBe(1);
    expect(await scene.deliveries(id)).toMatchObject([{ status: 'delivered' }]);
    await database.destroy();
  });

  test('nobody sends the same a second time', async () => {
    const { id, sending } = await sendAndWait();
    expect(await scene.worksWith({}).send()).toBe(0);
    expect(await scene.deliveries(id)).toMatchObject([{ status: 'pending', attempts: 1 }]);
    release();
    await sending;
    expect(scene.receiver.received).toHaveLength(1);
  });

  test('its endpoint is deleted, and what it says then is nobody’s business', async () => {
    const { id, sending } = await sendAndWait(behaviour.answer(500));
    expect((await scene.client.delete(`/v1/webhook-endpoints/${id}`)).status).toBe(204);
    release();
    await sending;
    expect(await scene.worker.send()).toBe(0);
    expect((await scene.client.get(`/v1/webhook-endpoints/${id}`)).status).toBe(404);
    expect(await service.database('events').where({ ledger_id: scene.ledgerId })).toEqual([]);
  });

  test('its endpoint is removed altogether, and its late answer harms nothing', async () => {
    const { id, sending } = await sendAndWait(behaviour.answer(410));
    await scene.client.delete(`/v1/webhook-endpoints/${id}`);
    expect(await scene.worker.work('webhook-removals')).toBe(1);
    expect(await service.database('webhook_deliveries').where('ledger_id', scene.ledgerId)).toEqual([]);
    release();
    expect(await sending).toBe(1);
  });

  test('its endpoint is disabled, and what it says is noted', async () => {
    const { id, sending } = await sendAndWait();
    await scene.client.patch(`/v1/webhook-endpoints/${id}`, { status: 'disabled' });
    release();
    await sending;
    expect(await scene.deliveries(id)).toMatchObject([{ status: 'delivered' }]);
  });

  test('its worker is told to stop, and the next one sends it at once', async () => {
    const { id } = await scene.register({ eventTypes: ['party.created'] });
    await scene.client.post(`/v1/webhook-endpoints/${id}/test`);
    scene.receiver.behave(behaviour.hang, behaviour.answer(204));
    const stopped = scene.worksWith({});
    const sending = stopped.send();
    await scene.receiver.untilReceived(1);
    stopped.stop();
    await sending;
    expect(await scene.deliveries(id)).toMatchObject([{ status: 'pending', answers: [{ failure: 'stopped' }] }]);
    expect(await scene.endpoint(id)).toMatchObject({ failingSince: null });
    await scene.worker.deliver();
    expect(await scene.deliveries(id)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
  });
});

describe('a worker that comes back after its lease', () => {
  test.each([
    ['with a failure', behaviour.answer(500)],
    ['with the news that the endpoint is gone', behaviour.answer(410)],
  ])('%s does not undo what another one has delivered', async (_what, late) => {
    const { id, sending } = await sendAndWait(late);
    scene.receiver.behave(behaviour.answer(204));
    await scene.worker.skipPauses();
    await scene.worksWith({}).deliver();
    const delivered = await scene.deliveries(id);
    expect(delivered).toMatchObject([{ status: 'delivered', attempts: 2, answers: [{ status: 204 }] }]);
    release();
    await sending;
    expect(await scene.deliveries(id)).toEqual(delivered);
    expect(await scene.endpoint(id)).toMatchObject({ status: 'active', failingSince: null });
    const [first, second] = scene.receiver.received;
    expect(first!.headers['webhook-id']).toBe(second!.headers['webhook-id']);
  });

  test('does not end the try of another one', async () => {
    const { id, sending } = await sendAndWait(behaviour.answer(500));
    let releaseSecond = () => {};
    const second = new Promise<void>((resolve) => {
      releaseSecond = resolve;
    });
    scene.receiver.behave(behaviour.after(second, behaviour.answer(200)));
    await scene.worker.skipPauses();
    const sendingAgain = scene.worksWith({}).send();
    await scene.receiver.untilReceived(2);
    release();
    await sending;
    expect(await scene.deliveries(id)).toMatchObject([{ status: 'pending', attempts: 2, answers: [] }]);
    expect(await scene.worksWith({}).send()).toBe(0);
    releaseSecond();
    await sendingAgain;
    expect(await scene.deliveries(id)).toMatchObject([{ status: 'delivered', answers: [{ status: 200 }] }]);
  });
});

describe('an endpoint that makes us wait', () => {
  test('has ten deliveries under way and no more, from all workers together', async () => {
    const { id } = await scene.register({ eventTypes: ['party.created'] });
    for (let party = 0; party < 25; party++) await scene.client.createParty(`${party}`);
    await scene.worker.tell();
    scene.receiver.behave(behaviour.after(released, behaviour.answer(204)));
    const sending = Array.from({ length: 4 }, () => scene.worksWith({}).send());
    await scene.receiver.untilReceived(10);
    expect(await scene.worksWith({}).send()).toBe(0);
    expect(scene.receiver.received).toHaveLength(10);
    release();
    await Promise.all(sending);
    await scene.worker.deliver();
    expect((await scene.deliveries(id, '&status=delivered')).length).toBe(25);
    expect(new Set(scene.receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(25);
    expect(scene.receiver.received).toHaveLength(25);
  });

  test('keeps no other waiting', async () => {
    await scene.register({ eventTypes: ['party.created'] });
    for (let party = 0; party < 25; party++) await scene.client.createParty(`${party}`);
    await scene.worker.tell();
    scene.receiver.behave(behaviour.after(released, behaviour.answer(204)));
    const sending = scene.worker.send();
    await scene.receiver.untilReceived(10);
    const other = await startWebhookReceiver();
    const { id } = await scene.register({ url: other.url });
    await scene.client.post(`/v1/webhook-endpoints/${id}/test`);
    await scene.worksWith({}).deliver();
    expect(other.received).toHaveLength(1);
    release();
    await sending;
    await other.close();
  });

  test('takes one lane of those that do not, however often something happens', async () => {
    await scene.register({ eventTypes: ['party.created'] });
    scene.receiver.behave(behaviour.after(released, behaviour.answer(204)));
    await scene.client.createParty('Ann');
    await scene.worker.tell();
    const first = scene.worker.work('webhook-deliveries');
    await scene.receiver.untilReceived(1);
    await scene.client.createParty('Bob');
    await scene.worker.tell();
    const another = scene.worksWith({}).work('webhook-deliveries');
    expect(await Promise.race([another, scene.receiver.untilReceived(2)])).toBe(0);
    const second = scene.worker.work('webhook-retries');
    await scene.receiver.untilReceived(2);
    release();
    expect([await first, await second]).toEqual([1, 1]);
  });

  test('and fails has lanes that healthy ones do not use', async () => {
    const [failing, healthy] = [await scene.register(), await scene.register()];
    const { database } = service;
    await database('webhook_endpoints').where('id', failing.id).update({ failing_since: database.fn.now() });
    for (const { id } of [failing, healthy]) await scene.client.post(`/v1/webhook-endpoints/${id}/test`);
    expect(await scene.worker.work('webhook-deliveries')).toBe(1);
    expect(await scene.deliveries(healthy.id)).toMatchObject([{ status: 'delivered' }]);
    expect(await scene.deliveries(failing.id)).toMatchObject([{ status: 'pending', attempts: 0 }]);
    expect(await scene.worker.work('webhook-retries')).toBe(1);
    expect(await scene.deliveries(failing.id)).toMatchObject([{ status: 'delivered' }]);
    expect(await scene.endpoint(failing.id)).toMatchObject({ failingSince: null });
  });
});

describe('what piles up', () => {
  /** Deliveries that are there already, made in the database. */
  async function insertDeliveries(endpointId: string, count: number, columns: string): Promise<void> {
    await service.database.raw(
      `insert into webhook_deliveries (ledger_id, id, webhook_id, endpoint_id, type, pending_since, created_at, status, next_attempt_at,
                                       finished_at)
       select ?, gen_random_uuid(), gen_random_uuid(), ?, 'party.created', now(), now(), ${columns} from generate_series(1, ?)`,
      [scene.ledgerId, endpointId, count],
    );
  }

  test('at an endpoint waits in the log once ten thousand deliveries are pending, and comes when they are fewer', async () => {
    const { id } = await scene.register({ eventTypes: ['party.created'] });
    await insertDeliveries(id, 10_000, "'pending', now() + interval '1 hour', null");
    const party = await scene.client.createParty('Ann');
    for (let round = 0; round < 3; round++) expect(await scene.worker.work('webhook-events')).toBe(0);
    const some = service.database('webhook_deliveries').where('endpoint_id', id).limit(1).pluck('id');
    await service
      .database('webhook_deliveries')
      .whereIn('id', await some)
      .delete();
    await scene.worker.deliver();
    expect(scene.arrived().map(({ data }) => data.id)).toEqual([party]);
  });

  test('of finished deliveries is kept for thirty days', async () => {
    const { id } = await scene.register();
    await insertDeliveries(id, 3, "'delivered', null, now() - interval '31 days'");
    await insertDeliveries(id, 2, "'failed', null, now() - interval '29 days'");
    await insertDeliveries(id, 1, "'pending', now() + interval '1 hour', null");
    expect(await scene.worker.work('webhook-history')).toBe(3);
    expect((await scene.deliveries(id)).map(({ status }) => status).sort()).toEqual(['failed', 'failed', 'pending']);
  });

  test('at a deleted endpoint is removed piece by piece', async () => {
    const { id } = await scene.register();
    await insertDeliveries(id, 4_500, "'delivered', null, now()");
    await scene.client.delete(`/v1/webhook-endpoints/${id}`);
    const rounds = [];
    for (let round = 0; round < 4; round++) rounds.push(await scene.worker.work('webhook-removals'));
    expect(rounds).toEqual([1, 1, 1, 0]);
    expect(await service.database('webhook_endpoints').where('id', id)).toEqual([]);
    expect(await service.database('webhook_deliveries').where('endpoint_id', id)).toEqual([]);
  });
});
