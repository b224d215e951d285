import { expect, test } from '@jest/globals';
import { startServerProcess } from '../support/server-process.ts';
import { createTestDatabase, createTestLedger } from '../support/test-database.ts';

/** Loopback counts as a trusted proxy, so that requests of this machine are like those of others. */
const settings = { HOST: '0.0.0.0', TRUSTED_PROXIES: '127.0.0.1' };

test('with REQUIRE_TLS=on requests in clear text are refused, and a start says what is in clear text', async () => {
  const { database, url, verifyAndDrop } = await createTestDatabase();
  const { apiKey } = await createTestLedger(database);
  const ask = async (port: string, headers: Record<string, string>) => {
    const authorization = `Bearer ${apiKey}`;
    const answer = await fetch(`http://127.0.0.1:${port}/v1/accounts`, { headers: { authorization, ...headers } });
    return [answer.status, ((await answer.json()) as { code?: string }).code];
  };
  const strict = await startServerProcess({ ...settings, DATABASE_URL: url, REQUIRE_TLS: 'on' }, ['--role', 'api']);
  const { port } = new URL(strict.url);
  expect(await ask(port, { 'x-forwarded-proto': 'http' })).toEqual([403, 'tls_required']);
  expect(await ask(port, { 'x-forwarded-proto': 'https' })).toEqual([200, undefined]);
  expect(await ask(port, {})).toEqual([200, undefined]);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  expect(strict.output()).not.toContain('in clear text');
  expect(await strict.end('SIGTERM')).toBe(0);

  const untrusting = { DATABASE_URL: url, REQUIRE_TLS: 'on' };
  const alone = await startServerProcess(untrusting, ['--role', 'api']);
  expect(await ask(new URL(alone.url).port, { 'x-forwarded-proto': 'https' })).toEqual([403, 'tls_required']);
  expect(await alone.end('SIGTERM')).toBe(0);

  const lenient = await startServerProcess({ ...settings, DATABASE_URL: url }, ['--role', 'api']);
  expect(await ask(new URL(lenient.url).port, { 'x-forwarded-proto': 'http' })).toEqual([200, undefined]);
  expect(lenient.output()).toContain('HOST takes requests from other machines in clear text');
  expect(await lenient.end('SIGTERM')).toBe(0);
  await verifyAndDrop();
});
