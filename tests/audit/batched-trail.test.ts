import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createBatchedTrail } from '../../src/audit/batched-trail.ts';
import { createDatabase } from '../../src/database/create-database.ts';
import type { AuditNote } from '../../src/http/audit-note.ts';
import { createId } from '../../src/ledger/create-id.ts';
import { holdAccountLock, until, untilLockWaiters } from '../support/lock-witness.ts';
import { startServerProcess } from '../support/server-process.ts';
import { createTestClient } from '../support/test-client.ts';
import {
  createTestDatabase,
  createTestLedger,
  openTestPool,
  type TestDatabase,
  type TestLedger,
} from '../support/test-database.ts';

let testDatabase: TestDatabase;
let ledger: TestLedger;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
});

afterAll(() => testDatabase.verifyAndDrop());

const rows = () => testDatabase.database('audit_entries').where('ledger_id', ledger.ledgerId).orderBy('id');
const sum = (entries: readonly { count: number }[]) => entries.reduce((total, { count }) => total + count, 0);

async function useNewLedger(): Promise<void> {
  ledger = await createTestLedger(testDatabase.database);
}

describe('the trail of a process', () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  const refusal: Partial<AuditNote> = { code: 'scope_missing', status: 403 };

  const noteOf = (fields: Partial<AuditNote> = {}): AuditNote => ({
    ...{ ledgerId: ledger.ledgerId, keyId: createId(), partyId: null, channel: 'service', action: 'createApiKey' },
    ...{ method: 'POST', path: '/v1/api-keys', subjectId: null, address: '127.0.0.1', status: 201, code: null },
    ...{ requestId: 'of-it', ...fields },
  });

  test('writes many entries of several ledgers, and what waits when it stops', async () => {
    await useNewLedger();
    const other = createId();
    const trail = createBatchedTrail({ database: testDatabase.database, logger });
    for (let count = 0; count < 1_200; count++) trail.note(noteOf(count % 2 === 0 ? {} : { ledgerId: other }));
    await trail.stop();
    expect(await rows()).toHaveLength(600);
    expect(await testDatabase.database('audit_entries').where('ledger_id', other)).toHaveLength(600);
    trail.note(noteOf());
    expect(await rows()).toHaveLength(600);
  });

  test('keeps what refusals share where it counts them together, and never mixes codes and keys', async () => {
    await useNewLedger();
    const [keyId, busy] = [createId(), createId()];
    const trail = createBatchedTrail({ database: testDatabase.database, logger });
    for (let count = 0; count < 20; count++) trail.note(noteOf({ ...refusal, keyId: busy }));
    const paths = ['/v1/api-keys', '/v1/webhook-endpoints', '/v1/api-keys'];
    for (const path of paths) trail.note(noteOf({ ...refusal, keyId: busy, path }));
    trail.note(noteOf({ keyId: busy, code: 'too_many_requests', status: 429 }));
    trail.note(noteOf({ ...refusal, keyId }));
    // What succeeds is never counted together.
    trail.note(noteOf({ keyId: busy }));
    await trail.stop();
    const [counted, ...others] = (await rows()).filter((row) => row.count > 1);
    expect(others).toEqual([]);
    expect(counted).toMatchObject({
      ...{ key_id: busy, code: 'scope_missing', status: 403, count: 3, action: 'createApiKey', method: 'POST' },
      ...{ path: null, request_id: null, address: '127.0.0.1' },
    });
    expect((await rows()).filter((row) => row.count === 1)).toHaveLength(23);
  });

  test('keeps what can not be written for the next time, and drops what is too much, which it reports', async () => {
    await useNewLedger();
    const { database } = testDatabase;
    const pool = openTestPool(testDatabase.url);
    const trail = createBatchedTrail({ database: pool, logger });
    lines.length = 0;
    await database.raw('alter table audit_entries rename to audit_entries_away');
    try {
      for (let count = 0; count < 5_007; count++) trail.note(noteOf());
      await until(async () => lines.some(({ msg }) => msg === 'entries of the audit trail could not be written yet'));
    } finally {
      await database.raw('alter table audit_entries_away rename to audit_entries');
    }
    await until(async () => (await rows()).length === 5_000);
    await trail.stop();
    await pool.destroy();
    const reported = lines.filter(({ dropped }) => dropped !== undefined);
    expect(reported).toMatchObject([{ dropped: 7, msg: 'entries of the audit trail were dropped' }]);
  });

  test('stops without a database, and reports what is lost', async () => {
    await useNewLedger();
    const options = { poolSize: 1, applicationName: 'nobody', acquireTimeoutMs: 10_000 };
    const away = createDatabase({ url: 'postgres://nobody@127.0.0.1:1/nothing', ...options });
    const trail = createBatchedTrail({ database: away, logger });
    lines.length = 0;
    trail.note(noteOf());
    trail.note(noteOf());
    await trail.stop();
    await away.destroy();
    expect(lines.at(-1)).toMatchObject({ dropped: 2 });
  });
});

describe('processes', () => {
  const settings = () => ({ DATABASE_URL: testDatabase.url });

  test.each(['1', '2'])('write what waits on SIGTERM, with %s of them', async (processes) => {
    await useNewLedger();
    const server = await startServerProcess(settings(), ['--processes', processes]);
    const client = createTestClient(server.url, ledger.apiKey);
    const account = await client.openAccount();
    const held = await holdAccountLock(testDatabase.database, account);
    const headers = { Prefer: 'wait=20' };
    const change = client.patch(`/v1/accounts/${account}`, { name: 'Other' }, headers).then(({ status }) => status);
    await untilLockWaiters(testDatabase.database, 1);
    const ended = server.end('SIGTERM');
    await until(async () => (await fetch(`${server.url}/healthz`).catch(() => undefined)) === undefined);
    await held.release();
    expect([await change, await ended]).toEqual([200, 0]);
    expect(await rows().select('action', 'status', 'code')).toEqual([
      { action: 'updateAccount', status: 200, code: null },
    ]);
  });

  test('write few rows of a flood of refusals, with how many they were', async () => {
    await useNewLedger();
    const server = await startServerProcess({ ...settings(), LOG_LEVEL: 'error' }, ['--processes', '2']);
    const startedAt = performance.now();
    const headers = { authorization: `Bearer ${ledger.apiKey}`, 'content-type': 'application/json' };
    const send = () => fetch(`${server.url}/v1/api-keys`, { method: 'POST', headers, body: '{}' });
    for (let sent = 0; sent < 2_000; sent += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, send));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]));
    }
    expect(await server.end('SIGTERM')).toBe(0);
    const seconds = Math.ceil((performance.now() - startedAt) / 1_000);
    const entries = await rows();
    expect(sum(entries)).toBe(2_000);
    // Of each process in each second those that are let pass, and the one that counts.
    expect(entries.length).toBeLessThanOrEqual(2 * (20 + 1) * (seconds + 1));
    expect(entries.some(({ count }) => count > 1)).toBe(true);
  });
});
