import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Webhook as Verifier } from 'standardwebhooks';
import { createSecretKey, type SecretKey, type SecretKeys, sealSecret } from '../../src/ledger/sealed-secret.ts';
import { startApi } from '../../src/process/api-process.ts';
import type { HttpListener } from '../../src/process/listen-http.ts';
import { createWebhookSecret } from '../../src/webhooks/webhook-secret.ts';
import { runCommand } from '../support/command-line.ts';
import { localTargets, localWebhookSettings } from '../support/local-webhooks.ts';
import { until } from '../support/lock-witness.ts';
import { startServerProcess } from '../support/server-process.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import type { WebhookReceiver } from '../support/webhook-receiver.ts';
import { openWebhookScene, type WebhookScene } from '../support/webhook-scene.ts';

const path = '/v1/webhook-endpoints';
const [first, second] = [createSecretKey(), createSecretKey()];
const none: SecretKeys = { current: null, before: [] };
let service: TestService;
let scene: WebhookScene;
let apis: HttpListener[] = [];

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

beforeEach(async () => {
  scene = await openWebhookScene(service);
});

afterEach(async () => {
  for (const api of apis) await api.stop(5_000);
  apis = [];
  // What is left under keys of one test is no business of the next one.
  await service.database('webhook_deliveries').where('ledger_id', scene.ledgerId).delete();
  await service.database('webhook_endpoints').where('ledger_id', scene.ledgerId).delete();
  await service.database('idempotency_keys').where('ledger_id', scene.ledgerId).delete();
  await scene.close();
});

/** Another process of the service on the same database, with these keys. */
async function withKeys(secretKeys: SecretKeys): Promise<TestClient> {
  const api = await startApi({
    ...{ host: '127.0.0.1', port: 0, keepAliveTimeoutMs: 65_000, databasePoolSize: 5, lockTimeoutMs: 30_000 },
    ...{ databaseUrl: service.databaseUrl, webhookTargets: localTargets, secretKeys },
    logger: pino({ level: 'silent' }),
  });
  apis.push(api);
  return createTestClient(`http://127.0.0.1:${api.port}`, scene.apiKey);
}

const under = (current: SecretKey, ...before: SecretKey[]): SecretKeys => ({ current, before });

async function register(client: TestClient, idempotencyKey?: string) {
  const headers = idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey };
  const answer = await client.post(path, { url: `${scene.receiver.url}/hooks` }, headers);
  expect(answer.status).toBe(201);
  return answer.body as { id: string; secret: string };
}

/** All that the database holds, as text. */
async function dump(): Promise<string> {
  const { rows: tables } = await service.database.raw(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = current_schema()",
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await service.database.raw(`select t::text as row from ${name} t`);
    texts.push(...rows.map(({ row }: { row: string }) => row));
  }
  return texts.join('\n');
}

async function encrypt(current: SecretKey, ...before: SecretKey[]) {
  const text = ({ name, key }: SecretKey) => `${name}:${key}`;
  const settings = {
    DATABASE_URL: service.databaseUrl,
    SECRETS_KEY: text(current),
    SECRETS_KEYS_BEFORE: before.map(text).join(','),
  };
  const { code, stdout, stderr } = await runCommand(['secrets', 'encrypt', '--json'], service.database, settings);
  expect(stderr).toBe('');
  return { code, ...JSON.parse(stdout) };
}

/** Delivers an event with these keys, and answers which of the secrets signed it. */
async function signers(secretKeys: SecretKeys, secrets: readonly string[]): Promise<string[]> {
  await scene.client.createParty('Ann');
  await scene.worksWith({ secretKeys }).deliver();
  const { headers, body } = scene.receiver.received.at(-1)!;
  return secrets.filter((secret) => isSignedWith(secret, { headers, body }));
}

function isSignedWith(
  secret: string,
  { headers, body }: Pick<WebhookReceiver['received'][number], 'headers' | 'body'>,
) {
  try {
    return new Verifier(secret).verify(body, headers as Record<string, string>) !== undefined;
  } catch {
    return false;
  }
}

describe('the database', () => {
  test('holds no secret after registrations, rotations, replays and deliveries', async () => {
    const client = await withKeys(under(first));
    const created = await register(client, 'create');
    expect(await register(client, 'create')).toEqual(created);
    const rotate = () => client.post(`${path}/${created.id}/secret-rotations`, undefined, { 'Idempotency-Key': 'r' });
    const rotated = await rotate();
    const again = await rotate();
    expect([rotated.status, again.status, again.headers['idempotent-replayed']]).toEqual([201, 201, 'true']);
    expect(again.body).toEqual(rotated.body);
    expect(Object.keys(rotated.body).sort()).toEqual(['previousSecretUntil', 'secret']);
    const secrets = [created.secret, rotated.body.secret];
    expect(await signers(under(first), secrets)).toEqual(secrets);

    const stored = await dump();
    expect(stored).toContain(created.id);
    expect(stored).not.toContain('whsec_');
    for (const secret of secrets) {
      const bytes = Buffer.from(secret.slice('whsec_'.length), 'base64');
      for (const form of ['base64', 'base64url', 'hex'] as const) expect(stored).not.toContain(bytes.toString(form));
    }
    for (const form of [first.key, Buffer.from(first.key, 'base64').toString('hex')]) {
      expect(stored).not.toContain(form);
    }
  });

  test('holds them in clear without a key, and they work', async () => {
    const client = await withKeys(none);
    const created = await register(client, 'create');
    expect(await register(client, 'create')).toEqual(created);
    expect(await dump()).toContain(created.secret);
    expect(await signers(none, [created.secret])).toEqual([created.secret]);
    expect(await signers(under(first), [created.secret])).toEqual([created.secret]);
  });
});

describe('secrets encrypt', () => {
  test('encrypts what is in clear: of endpoints, and in stored answers', async () => {
    const plain = await withKeys(none);
    const created = await register(plain, 'create');
    const rotation = `${path}/${created.id}/secret-rotations`;
    const rotated = await plain.post(rotation, undefined, { 'Idempotency-Key': 'rotate' });
    expect(await encrypt(first)).toMatchObject({ code: 0, encrypted: 4, current: 0, unreadable: [], removed: 0 });
    expect(await dump()).not.toContain('whsec_');
    expect(await encrypt(first)).toMatchObject({ code: 0, encrypted: 0, current: 4 });

    const client = await withKeys(under(first));
    // To the byte.
    expect(JSON.stringify(await register(client, 'create'))).toBe(JSON.stringify(created));
    const again = await client.post(rotation, undefined, { 'Idempotency-Key': 'rotate' });
    expect([again.body, again.headers['idempotent-replayed']]).toEqual([rotated.body, 'true']);
    const secrets = [created.secret, rotated.body.secret];
    expect(await signers(under(first), secrets)).toEqual(secrets);
  });

  test('brings what is under a key of before under the current one, which is enough from then on', async () => {
    const created = await register(await withKeys(under(first)), 'create');
    const during = await withKeys(under(second, first));
    expect(await register(during, 'create')).toEqual(created);
    const rotated = await during.post(`${path}/${created.id}/secret-rotations`);
    const secrets = [created.secret, rotated.body.secret];
    expect(await signers(under(second, first), secrets)).toEqual(secrets);

    // The endpoint's previous secret and the answer to its registration.
    expect(await encrypt(second, first)).toMatchObject({ code: 0, encrypted: 2, current: 2, unreadable: [] });
    expect(await dump()).not.toContain(first.name);
    expect(await signers(under(second), secrets)).toEqual(secrets);
    expect(await register(await withKeys(under(second)), 'create')).toEqual(created);
  });

  test('names what no key decrypts, and leaves it as it is', async () => {
    const created = await register(await withKeys(under(first)));
    const ended = await encrypt(second);
    expect(ended).toMatchObject({ code: 1, encrypted: 0, current: 0 });
    expect(ended.unreadable).toHaveLength(2);
    expect(ended.unreadable[0]).toContain(
      `endpoint ${created.id} of ledger ${scene.ledgerId}: The secret is encrypted`,
    );
    expect(await signers(under(first), [created.secret])).toEqual([created.secret]);
  });

  test('takes nothing for encrypted because of the name of its key', async () => {
    await register(await withKeys(under(first)));
    expect(await encrypt({ ...second, name: first.name })).toMatchObject({
      code: 1,
      current: 0,
      unreadable: { length: 2 },
    });
  });

  test('encrypts answers as an earlier build stored them, and takes out those of endpoints that are gone', async () => {
    const plain = await withKeys(none);
    const { id, secret: registered } = await register(plain, 'create');
    const rotate = (client: TestClient, key: string, endpoint = id) =>
      client.post(`${path}/${endpoint}/secret-rotations`, undefined, { 'Idempotency-Key': key });
    const rotated = (await rotate(plain, 'rotate')).body;
    const gone = await register(plain);
    await rotate(plain, 'rotate-gone', gone.id);
    await service.database('webhook_deliveries').where({ endpoint_id: gone.id }).delete();
    await service.database('webhook_endpoints').where({ id: gone.id }).delete();
    // Such as 0.1.0 before secrets were encrypted: the answer did not say whose it is.
    await service
      .database('idempotency_keys')
      .where({ ledger_id: scene.ledgerId })
      .whereIn('key', ['rotate', 'rotate-gone'])
      .update({ outcome: service.database.raw("(outcome::jsonb #- '{result,endpointId}')::json") });

    // Of the endpoint two, and the answers to its registration and rotation; the other's registration is named.
    expect(await encrypt(first)).toMatchObject({ code: 0, encrypted: 5, current: 0, unreadable: [], removed: 1 });
    expect(await dump()).not.toContain('whsec_');
    expect(await encrypt(second, first)).toMatchObject({ code: 0, encrypted: 5, current: 0, removed: 0 });
    const client = await withKeys(under(second));
    expect((await register(client, 'create')).secret).toBe(registered);
    expect((await rotate(client, 'rotate')).body).toEqual(rotated);
    const removed = await rotate(client, 'rotate-gone', gone.id);
    expect([removed.status, removed.body.code]).toEqual([404, 'webhook_endpoint_not_found']);
  });

  test('needs a key', async () => {
    const settings = { DATABASE_URL: service.databaseUrl };
    const ended = await runCommand(['secrets', 'encrypt'], service.database, settings);
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^joint-ledger: SECRETS_KEY is not set\./) });
  });

  test('leaves a secret alone that another one replaced after it was read', async () => {
    const { id, secret } = await register(await withKeys(none));
    const rotated = createWebhookSecret();
    const row = { ledger_id: scene.ledgerId, id };
    const sealed = sealSecret(under(second), rotated, { ledgerId: scene.ledgerId, endpointId: id });
    const rotation = await service.database.transaction();
    const tomorrow = new Date(Date.now() + 24 * 3_600_000);
    const columns = { secret: sealed, previous_secret: secret, previous_secret_until: tomorrow };
    await rotation('webhook_endpoints').where(row).update(columns);
    const encrypting = encrypt(second);
    await until(async () => {
      const { rows } = await service.database.raw(
        `select from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock' and query like 'update "webhook_endpoints"%'`,
      );
      return rows.length > 0;
    });
    await rotation.commit();
    // The answer to the registration alone; the endpoint had another secret by then.
    expect(await encrypting).toMatchObject({ code: 0, encrypted: 1 });
    expect(await encrypt(second)).toMatchObject({ code: 0, encrypted: 1, current: 2 });
    expect(await signers(under(second), [secret, rotated])).toEqual([secret, rotated]);
  });

  test('loses nothing that is rotated at the same time', async () => {
    const plain = await withKeys(none);
    const client = await withKeys(under(second, first));
    const endpoints = await Promise.all(Array.from({ length: 10 }, () => register(plain)));
    const rotating = endpoints.map(async ({ id, secret }) => {
      const answers = [{ secret }];
      for (let round = 0; round < 5; round += 1) {
        answers.push((await client.post(`${path}/${id}/secret-rotations`)).body);
      }
      return { id, secrets: answers.map((answer) => answer.secret).slice(-2) };
    });
    for (let round = 0; round < 5; round += 1) expect((await encrypt(second, first)).code).toBe(0);
    const expected = new Map((await Promise.all(rotating)).map(({ id, secrets }) => [id, secrets]));
    expect((await encrypt(second, first)).code).toBe(0);
    expect(await dump()).not.toContain('whsec_');
    await scene.client.createParty('Ann');
    await scene.worksWith({ secretKeys: under(second) }).deliver();
    expect(scene.receiver.received).toHaveLength(endpoints.length);
    const rows = await service.database('webhook_deliveries').where('ledger_id', scene.ledgerId);
    expect(rows.map(({ status }) => status)).toEqual(endpoints.map(() => 'delivered'));
    for (const call of scene.receiver.received) {
      const signing = [...expected.values()].filter((secrets) => secrets.every((secret) => isSignedWith(secret, call)));
      expect(signing).toHaveLength(1);
    }
  });
});

test('without its key a delivery is a failed try that says so, until the key is there', async () => {
  const { id, secret } = await register(await withKeys(under(first)));
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
  await scene.client.createParty('Ann');
  const worker = scene.worksWith({ secretKeys: under(second), logger });
  await worker.deliver();
  const detail =
    "The endpoint's secret can't be decrypted, so the call could not be signed. The service lacks its key.";
  expect(await scene.deliveries(id)).toMatchObject([
    { status: 'pending', attempts: 1, answers: [{ failure: 'secret_unreadable', detail }] },
  ]);
  expect(scene.receiver.connections()).toBe(0);
  const logged = lines.map((line) => JSON.parse(line));
  expect(logged).toMatchObject([
    { level: 50, ledgerId: scene.ledgerId, endpointId: id, err: { type: expect.any(String) } },
  ]);
  expect(logged[0].err.message).toContain(`"${first.name}", which is not known here`);
  expect(lines.join()).not.toContain(secret);

  const mended = scene.worksWith({ secretKeys: under(second, first) });
  await mended.skipPauses();
  await mended.deliver();
  expect(await scene.deliveries(id)).toMatchObject([{ status: 'delivered' }]);
});

test('an answer that can not be decrypted is no answer', async () => {
  await register(await withKeys(under(first)), 'create');
  const client = await withKeys(under(second));
  const again = await client.post(path, { url: `${scene.receiver.url}/hooks` }, { 'Idempotency-Key': 'create' });
  expect([again.status, again.body.code]).toEqual([500, 'internal_error']);
  expect(JSON.stringify(again.body)).not.toContain(first.name);
});

test('several processes read what each of them stored', async () => {
  const settings = { DATABASE_URL: service.databaseUrl, ...localWebhookSettings, API_PROCESSES: '2' };
  const started = await startServerProcess(settings);
  try {
    const client = createTestClient(started.url, scene.apiKey);
    // The service in this process has the same key, and so have all processes of the other one.
    const created = await Promise.all(Array.from({ length: 6 }, (_, index) => register(client, `create-${index}`)));
    for (const [index, endpoint] of created.entries()) {
      expect(await register(index % 2 === 0 ? scene.client : client, `create-${index}`)).toEqual(endpoint);
    }
    expect(await dump()).not.toContain('whsec_');
    await scene.client.createParty('Ann');
    await until(async () => scene.receiver.received.length === created.length);
    for (const call of scene.receiver.received) {
      expect(created.filter(({ secret }) => isSignedWith(secret, call))).toHaveLength(1);
    }
  } finally {
    expect(await started.end('SIGTERM')).toBe(0);
  }
});

test('a service on a database of its own says at the start that secrets are in clear', async () => {
  const settings = { DATABASE_URL: service.databaseUrl, SECRETS_KEY: '', WORKERS: 'off' };
  const started = await startServerProcess(settings);
  expect(await started.end('SIGTERM')).toBe(0);
  expect(started.output().split('SECRETS_KEY is not set, so webhook secrets are stored in clear')).toHaveLength(2);
});
