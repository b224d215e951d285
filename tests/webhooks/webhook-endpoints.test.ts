import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventTypes } from '../../src/ledger/ledger-event.ts';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const url = 'https://receiver.example/webhooks';
const path = '/v1/webhook-endpoints';
const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const secret = expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/);
let service: TestService;
let client: TestClient;
let apiKey: string;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

/** Each test has a ledger of its own. */
beforeEach(async () => {
  ({ apiKey } = await createTestLedger(service.database));
  client = createTestClient(service.url, apiKey);
});

async function register(fields: object = {}) {
  const { status, body } = await client.post(path, { url, ...fields });
  expect(status).toBe(201);
  return body;
}

describe('an endpoint', () => {
  test('is registered for everything, and its secret is told this once', async () => {
    const created = await client.post(path, { url });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      id: uuid,
      url,
      description: null,
      eventTypes: null,
      accountIds: null,
      ordered: false,
      status: 'active',
      disabledReason: null,
      disabledAt: null,
      failingSince: null,
      previousSecretUntil: null,
      createdAt: instant,
      secret,
    });
    const { secret: _told, ...rest } = created.body;
    expect(created.headers.location).toBe(`${path}/${rest.id}`);
    expect((await client.get(created.headers.location!)).body).toEqual(rest);
    expect((await client.get(path)).body).toEqual({ data: [rest], nextCursor: null });
  });

  test('is registered for some events of some accounts, in order', async () => {
    const accountIds = [await client.openAccount(), await client.openAccount()];
    const fields = {
      description: 'Statements',
      eventTypes: ['transaction.booked', 'account.closed'],
      accountIds,
      ordered: true,
    };
    expect(await register(fields)).toMatchObject(fields);
  });

  test('is registered once however often the request is sent with its key', async () => {
    const headers = { 'Idempotency-Key': 'once' };
    const first = await client.post(path, { url }, headers);
    const again = await client.post(path, { url }, headers);
    expect([again.status, again.body, again.headers['idempotent-replayed']]).toEqual([201, first.body, 'true']);
    expect((await client.get(path)).body.data).toHaveLength(1);
  });

  test('has a secret of its own', async () => {
    expect((await register()).secret).not.toBe((await register()).secret);
  });

  test('is nobody else’s', async () => {
    const { id } = await register();
    const { apiKey } = await createTestLedger(service.database);
    const stranger = createTestClient(service.url, apiKey);
    for (const answer of [
      await stranger.get(`${path}/${id}`),
      await stranger.patch(`${path}/${id}`, { ordered: true }),
      await stranger.delete(`${path}/${id}`),
      await stranger.post(`${path}/${id}/secret-rotations`),
      await stranger.post(`${path}/${id}/test`),
      await stranger.get(`${path}/${id}/deliveries`),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([404, 'webhook_endpoint_not_found']);
    }
    expect((await stranger.get(path)).body.data).toEqual([]);
  });
});

describe('registering', () => {
  test.each<[string, object, string]>([
    ['no URL', { url: undefined }, 'url'],
    ['a URL that is none', { url: 'receiver.example' }, 'url'],
    ['a URL with a password', { url: 'https://a:b@receiver.example' }, 'url'],
    ['an unknown field', { secret: 'mine' }, 'secret'],
    ['an unknown event type', { eventTypes: ['transaction.booked', 'transaction.lost'] }, 'eventTypes.1'],
    ['no event type', { eventTypes: [] }, 'eventTypes'],
    ['an event type twice', { eventTypes: ['party.created', 'party.created'] }, 'eventTypes'],
    ['an account that is no id', { accountIds: ['mine'] }, 'accountIds.0'],
    ['no account', { accountIds: [] }, 'accountIds'],
    ['an account twice', { accountIds: [nobody, nobody.toUpperCase()] }, 'accountIds'],
    [
      'too many accounts',
      { accountIds: Array.from({ length: 101 }, (_, n) => nobody.replace(/.{3}$/, `${n + 100}`)) },
      'accountIds',
    ],
    ['an order that is text', { ordered: 'true' }, 'ordered'],
    ['an empty description', { description: '' }, 'description'],
    ['a long description', { description: 'x'.repeat(501) }, 'description'],
  ])('refuses %s', async (_what, fields, field) => {
    await leavingTheBooksAlone(service, async () => {
      const answer = await sendRaw(service, { path, body: JSON.stringify({ url, ...fields }) });
      expectProblem(answer, 'validation_failed', [field]);
    });
  });

  test('names the event types there are', async () => {
    const { body } = await client.post(path, { url, eventTypes: ['transaction.lost'] });
    expect(body.errors).toEqual([
      { in: 'body', path: 'eventTypes.0', message: `must be one of ${eventTypes.join(', ')}` },
    ]);
  });

  test('refuses accounts that are none of the customers’', async () => {
    const account = await client.openAccount({ balance: '1.00' });
    const clearing = (await client.get('/v1/accounts?ownership=clearing')).body.data[0].id;
    for (const unknown of [nobody, clearing]) {
      const { status, body } = await client.post(path, { url, accountIds: [account, unknown] });
      expect([status, body.code, body.detail]).toEqual([
        404,
        'account_not_found',
        `There is no account ${unknown} in this ledger.`,
      ]);
    }
    expect((await client.get(path)).body.data).toEqual([]);
  });

  test('gives the last free places away once, of services that share nothing but the database', async () => {
    const second = await startSecondApi({ ...service, apiKey });
    try {
      for (let round = 0; round < 5; round++) {
        const missing = 95 - (await walkPages(client, path)).length;
        for (let place = 0; place < missing; place++) await register();
        for (const { id } of (await walkPages(client, path)).slice(95)) await client.delete(`${path}/${id}`);
        const answers = await startTogether(20, (caller) => [client, second.client][caller % 2]!.post(path, { url }));
        const outcomes = answers.map(({ status, body }) => `${status} ${body.code ?? ''}`).sort();
        expect(outcomes).toEqual([...Array(5).fill('201 '), ...Array(15).fill('409 too_many_webhook_endpoints')]);
        expect(await walkPages(client, path)).toHaveLength(100);
      }
    } finally {
      await second.api.stop(5_000);
    }
  });

  test('refuses the 101st endpoint, however many arrive together', async () => {
    const answers = await Promise.all(Array.from({ length: 110 }, () => client.post(path, { url })));
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(10);
    for (const { status, body } of refused) expect([status, body.code]).toEqual([409, 'too_many_webhook_endpoints']);
    const listed = await walkPages(client, path);
    expect(listed).toHaveLength(100);
    expect((await client.delete(`${path}/${listed[0]!.id}`)).status).toBe(204);
    await register();
  });
});

describe('changing', () => {
  test('replaces what is named, and null makes it all', async () => {
    const account = await client.openAccount();
    const { id, secret: _told, ...before } = await register({ description: 'Old', eventTypes: ['party.created'] });
    const change = { url: `${url}/2`, accountIds: [account], ordered: true };
    const changed = await client.patch(`${path}/${id}`, change);
    expect([changed.status, changed.body]).toEqual([200, { id, ...before, ...change }]);
    expect((await client.get(`${path}/${id}`)).body).toEqual(changed.body);
    const cleared = await client.patch(`${path}/${id}`, { description: null, eventTypes: null, accountIds: null });
    expect(cleared.body).toEqual({ ...changed.body, description: null, eventTypes: null, accountIds: null });
    expect((await client.patch(`${path}/${id}`, {})).body).toEqual(cleared.body);
  });

  test.each<[string, object, string]>([
    ['a URL that is none', { url: 'http:' }, 'url'],
    ['no URL', { url: null }, 'url'],
    ['an unknown status', { status: 'deleted' }, 'status'],
    ['an unknown field', { failingSince: null }, 'failingSince'],
    ['an unknown event type', { eventTypes: ['x'] }, 'eventTypes.0'],
  ])('refuses %s', async (_what, fields, field) => {
    const { id } = await register();
    const answer = await client.patch(`${path}/${id}`, fields);
    expect([answer.status, answer.body.errors.map((error: { path: string }) => error.path)]).toEqual([400, [field]]);
  });

  test('refuses an unknown account and changes nothing', async () => {
    const { id, secret: _told, ...before } = await register();
    const answer = await client.patch(`${path}/${id}`, { ordered: true, accountIds: [nobody] });
    expect([answer.status, answer.body.code]).toEqual([404, 'account_not_found']);
    expect((await client.get(`${path}/${id}`)).body).toEqual({ id, ...before });
  });

  test('disables and enables, which the list can be asked for', async () => {
    const [first, second] = [await register(), await register()];
    const disabled = await client.patch(`${path}/${first.id}`, { status: 'disabled' });
    expect(disabled.body).toMatchObject({ status: 'disabled', disabledReason: 'requested', disabledAt: instant });
    const ids = async (query: string) =>
      (await client.get(`${path}${query}`)).body.data.map(({ id }: { id: string }) => id);
    expect(await ids('?status=disabled')).toEqual([first.id]);
    expect(await ids('?status=active')).toEqual([second.id]);
    const again = await client.patch(`${path}/${first.id}`, { status: 'disabled' });
    expect(again.body).toEqual(disabled.body);
    const enabled = await client.patch(`${path}/${first.id}`, { status: 'active' });
    expect(enabled.body).toMatchObject({ status: 'active', disabledReason: null, disabledAt: null });
    expect(await ids('?status=disabled')).toEqual([]);
  });

  test('tells once in the log that an endpoint was disabled, without its secret', async () => {
    const { id } = await register();
    for (const status of ['disabled', 'disabled', 'active']) await client.patch(`${path}/${id}`, { status });
    const events = await service.database('events').where('subject_id', id);
    expect(events).toMatchObject([{ type: 'webhook_endpoint.disabled', account_id: null, data: { id, url } }]);
    expect(JSON.stringify(events)).not.toContain('whsec_');
  });
});

test('a new secret replaces the one before, which signs along for a day', async () => {
  const { id, secret: first } = await register();
  const rotated = await client.post(`${path}/${id}/secret-rotations`);
  expect([rotated.status, rotated.body]).toEqual([201, { secret, previousSecretUntil: instant }]);
  expect(rotated.body.secret).not.toBe(first);
  expect(Date.parse(rotated.body.previousSecretUntil) - Date.now()).toBeGreaterThan(23 * 3_600_000);
  const read = await client.get(`${path}/${id}`);
  expect(read.body.previousSecretUntil).toBe(rotated.body.previousSecretUntil);
  expect(read.text).not.toContain('whsec_');
});

test('a deleted endpoint is gone, with all that was to be sent to it', async () => {
  const { id } = await register();
  const { body: delivery } = await client.post(`${path}/${id}/test`);
  const deleted = await client.delete(`${path}/${id}`);
  expect([deleted.status, deleted.text]).toEqual([204, '']);
  for (const answer of [
    await client.get(`${path}/${id}`),
    await client.get(`${path}/${id}/deliveries`),
    await client.get(`/v1/webhook-deliveries/${delivery.id}`),
    await client.post(`/v1/webhook-deliveries/${delivery.id}/redeliver`),
    await client.patch(`${path}/${id}`, { status: 'active' }),
    await client.delete(`${path}/${id}`),
  ]) {
    expect([answer.status, answer.body.code]).toEqual([404, expect.stringMatching(/^webhook_.*_not_found$/)]);
  }
  expect((await client.get(path)).body.data).toEqual([]);
});

test('a test call of a disabled endpoint is refused', async () => {
  const { id } = await register();
  await client.patch(`${path}/${id}`, { status: 'disabled' });
  const answer = await client.post(`${path}/${id}/test`);
  expect([answer.status, answer.body.code]).toEqual([409, 'webhook_endpoint_disabled']);
});

test.each<[string, string, object | undefined]>([
  ['POST', 'secret-rotations', { secret: 'mine' }],
  ['POST', 'test', { type: 'x' }],
])('%s /%s with a body is refused', async (_method, act, body) => {
  const { id } = await register();
  expect((await client.post(`${path}/${id}/${act}`, body)).body.code).toBe('validation_failed');
});

test('an address that is no id, and queries that nobody knows, are refused', async () => {
  const { id } = await register();
  for (const address of ['/x', `/${id}?x=1`, '?status=deleted', '?x=1', `/${id}/deliveries?status=x`]) {
    const answer = await client.get(`${path}${address}`);
    expect([address, answer.body.code]).toEqual([address, 'validation_failed']);
  }
});
