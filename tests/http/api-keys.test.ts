import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createApiKey, ledgerOfApiKey } from '../../src/ledger/api-key.ts';
import { insertApiKey } from '../../src/ledger/insert-ledger.ts';
import { scopes } from '../../src/ledger/key-scopes.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

const ask = (apiKey: string) => createTestClient(service.url, apiKey).get('/v1/parties');

test('names the ledger that it lets into', async () => {
  const ledgerId = uuidv7();
  expect(ledgerOfApiKey(createApiKey(ledgerId))).toBe(ledgerId);
  expect((await ask(service.apiKey)).status).toBe(200);
});

test.each(['jl_3Xy6hGd0c5Ai2mWq9ZpVbN1tK8sRfLuJ7oEwTnYxCvQ', 'made-up-by-an-operator', `${createApiKey(uuidv7())}x`])(
  'need not name it: %s is looked for in all ledgers',
  async (apiKey) => {
    expect(ledgerOfApiKey(apiKey)).toBeUndefined();
    expect((await ask(apiKey)).status).toBe(401);
    await insertApiKey(service.database, { ledgerId: service.ledgerId, name: 'Of before', apiKey, scopes });
    // That it is unknown is remembered for a second.
    while ((await ask(apiKey)).status !== 200);
  },
);

test('lets into no other ledger than the one that it names', async () => {
  const other = await createTestLedger(service.database);
  const apiKey = createApiKey(other.ledgerId);
  await insertApiKey(service.database, { ledgerId: service.ledgerId, name: 'Misplaced', apiKey, scopes });
  expect((await ask(apiKey)).status).toBe(401);
});

test('the hash of a long key lets nobody in, and keeps nobody out', async () => {
  const apiKey = `${createApiKey(service.ledgerId)}${'x'.repeat(100)}`;
  await insertApiKey(service.database, { ledgerId: service.ledgerId, name: 'Long', apiKey, scopes });
  const hashed = createHash('sha256').update(apiKey).digest('base64');
  expect((await ask(hashed)).status).toBe(401);
  expect((await ask(apiKey)).status).toBe(200);
  expect((await ask(hashed)).status).toBe(401);
  expect((await ask(`\u0020${hashed}`)).status).toBe(401);
});
