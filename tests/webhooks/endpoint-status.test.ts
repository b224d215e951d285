import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Webhook as Verifier } from 'standardwebhooks';
import { startTestService, type TestService } from '../support/test-service.ts';
import { behaviour } from '../support/webhook-receiver.ts';
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

describe('an endpoint', () => {
  test('that says it is gone is disabled at once, and the log tells of it', async () => {
    const { id } = await scene.register({ eventTypes: ['party.created'] });
    await scene.client.createParty('Ann');
    await scene.worker.tell();
    await scene.client.createParty('Bob');
    await scene.worker.tell();
    scene.receiver.behave(behaviour.answer(410), behaviour.answer(204));
    const [, second] = await scene.deliveries(id);
    await rewind('webhook_deliveries', 'next_attempt_at', second!.id, -hourMs);
    await scene.worker.deliver();
    expect(await scene.endpoint(id)).toMatchObject({
      status: 'disabled',
      disabledReason: 'gone',
      disabledAt: expect.any(String),
    });
    expect((await scene.deliveries(id)).map(({ status }) => status)).toEqual(['failed', 'pending']);
    const events = await service.database('events').where({ ledger_id: scene.ledgerId, subject_id: id });
    expect(events).toMatchObject([
      {
        type: 'webhook_endpoint.disabled',
        account_id: null,
        sequence: null,
        data: { id, status: 'disabled', disabledReason: 'gone' },
      },
    ]);
    expect(JSON.stringify(events)).not.toContain('whsec_');
  });

  test('that failed for a day is disabled with the first delivery that is given up', async () => {
    const { id } = await scene.register();
    await scene.client.createParty('Ann');
    await scene.client.createParty('Bob');
    scene.receiver.behave(behaviour.answer(503));
    await scene.worker.deliver();
    await rewind('webhook_endpoints', 'failing_since', id, 24 * hourMs);
    await scene.worker.skipPauses();
    await scene.worker.deliver();
    expect(await scene.endpoint(id)).toMatchObject({ status: 'active' });
    const [first] = await scene.deliveries(id);
    await rewind('webhook_deliveries', 'pending_since', first!.id, 24 * hourMs);
    await scene.worker.skipPauses();
    await scene.worker.deliver();
    expect(await scene.endpoint(id)).toMatchObject({ status: 'disabled', disabledReason: 'failing' });
    expect((await scene.deliveries(id)).map(({ status }) => status)).toEqual(['failed', 'pending']);
  });

  test('that is disabled is sent nothing, and enabled again gets what it was not told', async () => {
    const { id } = await scene.register({ eventTypes: ['party.created'] });
    await scene.client.createParty('Ann');
    scene.receiver.behave(behaviour.answer(500));
    await scene.worker.deliver();
    await scene.client.patch(`/v1/webhook-endpoints/${id}`, { status: 'disabled' });
    await scene.client.createParty('Bob');
    scene.receiver.behave(behaviour.answer(204));
    await scene.worker.skipPauses();
    await scene.worker.deliver();
    expect(scene.receiver.received).toHaveLength(1);
    expect(await scene.deliveries(id)).toMatchObject([{ status: 'pending', attempts: 1 }]);
    await service
      .database('webhook_deliveries')
      .where({ ledger_id: scene.ledgerId })
      .update({
        next_attempt_at: service.database.raw("now() + interval '4 hours'"),
        pending_since: service.database.raw("now() - interval '30 hours'"),
      });

    const enabled = await scene.client.patch(`/v1/webhook-endpoints/${id}`, { status: 'active' });
    expect(enabled.body).toMatchObject({ status: 'active', failingSince: null });
    expect(await scene.deliveries(id)).toMatchObject([{ status: 'pending', attempts: 0, answers: [{ status: 500 }] }]);
    await scene.worker.deliver();
    expect(scene.arrived().map(({ data }) => data.name)).toEqual(['Ann', 'Ann', 'Bob']);
    expect((await scene.deliveries(id)).map(({ status }) => status)).toEqual(['delivered', 'delivered']);
  });

  test('that was enabled is tried for a day again before it is disabled', async () => {
    const { id } = await scene.register();
    await scene.client.createParty('Ann');
    scene.receiver.behave(behaviour.answer(500));
    await scene.worker.deliver();
    await rewind('webhook_endpoints', 'failing_since', id, 24 * hourMs);
    const [delivery] = await scene.deliveries(id);
    await rewind('webhook_deliveries', 'pending_since', delivery!.id, 24 * hourMs);
    for (const status of ['disabled', 'active']) await scene.client.patch(`/v1/webhook-endpoints/${id}`, { status });
    await scene.worker.deliver();
    expect(await scene.endpoint(id)).toMatchObject({ status: 'active' });
    expect((await scene.deliveries(id))[0]).toMatchObject({ status: 'pending', attempts: 1 });
  });

  test('has both secrets sign while one replaces the other, and then one', async () => {
    const { id, secret: first } = await scene.register({ eventTypes: ['party.created'] });
    const { body } = await scene.client.post(`/v1/webhook-endpoints/${id}/secret-rotations`);
    const signatures = async () => {
      await scene.client.createParty('Ann');
      await scene.worker.deliver();
      const { headers, body: sent } = scene.receiver.received.at(-1)!;
      return [first, body.secret].map((secret: string) => {
        const { 'webhook-signature': all } = headers as Record<string, string>;
        const own = new Verifier(secret).sign(
          headers['webhook-id'] as string,
          new Date(Number(headers['webhook-timestamp']) * 1_000),
          sent,
        );
        return [all!.split(' ').length, all!.split(' ').includes(own)];
      });
    };
    expect(await signatures()).toEqual([
      [2, true],
      [2, true],
    ]);
    await rewind('webhook_endpoints', 'previous_secret_until', id, 24 * hourMs);
    expect(await signatures()).toEqual([
      [1, false],
      [1, true],
    ]);
  });

  test('is sent to at its new address and with its new filter, from the next event on', async () => {
    const { id } = await scene.register({ eventTypes: ['account.opened'] });
    await scene.client.createParty('Ann');
    await scene.worker.deliver();
    const change = { url: `${scene.receiver.url}/new`, eventTypes: ['party.created'] };
    await scene.client.patch(`/v1/webhook-endpoints/${id}`, change);
    await scene.client.createParty('Bob');
    await scene.worker.deliver();
    expect(scene.receiver.received.map(({ path, body }) => [path, JSON.parse(body).data.name])).toEqual([
      ['/new', 'Bob'],
    ]);
  });

  test('that resolves to an address of ours is not connected to', async () => {
    const url = `http://rebound.example:${scene.receiver.port}/`;
    const { id } = await scene.register({ url });
    await scene.client.createParty('Ann');
    await scene
      .worksWith({
        webhookTargets: { allowHttp: true, allowed: [] },
        lookup: (_hostname, _options, callback) =>
          process.nextTick(callback, null, [{ address: '127.0.0.1', family: 4 }]),
      })
      .deliver();
    expect(await scene.deliveries(id)).toMatchObject([
      { status: 'pending', attempts: 1, answers: [{ failure: 'target_not_allowed' }] },
    ]);
    expect(scene.receiver.connections()).toBe(0);
  });
});

describe('a test call', () => {
  test('arrives like an event, and is none', async () => {
    const { id, secret } = await scene.register({ eventTypes: ['party.created'] });
    const called = await scene.client.post(`/v1/webhook-endpoints/${id}/test`);
    expect([called.status, called.body]).toMatchObject([202, { type: 'webhook_endpoint.test', status: 'pending' }]);
    expect(called.headers.location).toBe(`/v1/webhook-deliveries/${called.body.id}`);
    await scene.worker.deliver();
    const [{ headers, body }] = scene.receiver.received as [(typeof scene.receiver.received)[number]];
    expect(new Verifier(secret).verify(body, headers as Record<string, string>)).toEqual({
      specversion: '1.0',
      id: called.body.id,
      source: `/ledgers/${scene.ledgerId}`,
      type: 'webhook_endpoint.test',
      subject: id,
      time: called.body.createdAt,
      datacontenttype: 'application/json',
      data: { webhookEndpointId: id },
    });
    expect([headers['webhook-id'], called.body.webhookId]).toEqual([called.body.id, called.body.id]);
    expect((await scene.client.get(called.headers.location!)).body.status).toBe('delivered');
    expect(await service.database('events').where('ledger_id', scene.ledgerId)).toEqual([]);
  });
});
