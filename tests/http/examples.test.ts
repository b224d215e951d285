import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { demoAccountIds, demoLedgerId, demoPartyIds } from '../../seeds/demo.ts';
import type { Route } from '../../src/http/route.ts';
import { createApiKey } from '../../src/ledger/api-key.ts';
import { routes } from '../support/routes.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

// Every example of the description, as a reader sends it to the demo accounts.

const money = { amount: '10.00', currency: 'USD' };
let testDatabase: TestDatabase;
let server: ServerProcess;
let client: TestClient;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const apiKey = createApiKey(demoLedgerId);
  // Nobody works on queues: nothing is sent to the receivers of examples.
  server = await startServerProcess({ DATABASE_URL: testDatabase.url, DEMO_API_KEY: apiKey }, ['--role', 'api']);
  client = createTestClient(server.url, apiKey);
});

afterAll(async () => {
  await server?.end('SIGTERM');
  await testDatabase.verifyAndDrop();
});

async function make(path: string, body: object): Promise<string> {
  const { status, body: made } = await client.post(path, body);
  expect([path, status]).toEqual([path, 201]);
  return made.id;
}

async function openAccount(): Promise<string> {
  const holders = [{ partyId: demoPartyIds.earner }, { partyId: demoPartyIds.spender }];
  const accountId = await make('/v1/accounts', { name: 'New', currency: 'USD', holders });
  await make(`/v1/accounts/${accountId}/deposits`, { ...money, amount: '1000.00' });
  return accountId;
}

const openProject = () => make(`/v1/accounts/${demoAccountIds.household}/projects`, { name: 'New' });

/** What an address names, made for one call alone. */
const made: Readonly<Record<string, () => Promise<string>>> = {
  accountId: openAccount,
  transactionId: () => make(`/v1/accounts/${demoAccountIds.household}/deposits`, money),
  holdId: () => make('/v1/holds', { ...money, accountId: demoAccountIds.household, amount: '200.00' }),
  projectId: openProject,
  proposalId: async () => make(`/v1/projects/${await openProject()}/proposals`, { ...money, title: 'New' }),
  endpointId: () => make('/v1/webhook-endpoints', { url: 'https://example.com/hooks' }),
  keyId: () => make('/v1/api-keys', { name: 'New' }),
  partyId: async () => demoPartyIds.spender,
  externalId: async () => 'new',
};

const examples = routes
  .filter(({ id }) => id !== undefined)
  .flatMap((route) =>
    Object.entries(route.examples ?? {}).map(([name, body]) => [`${route.id}: ${name}`, route, body] as const),
  );

test('there are some', () => {
  expect(examples.length).toBeGreaterThan(20);
});

test.each(examples)('%s', async (_name, { method, path }: Route, body) => {
  let address = path;
  for (const [place, name] of path.matchAll(/:(\w+)/g)) address = address.replace(place, await made[name!]!());
  if (method === 'get' || method === 'delete') throw new Error('has no body');
  // The client holds it against the contract of its route.
  const { status } = await client[method](address, body as object);
  expect(status).toBeGreaterThanOrEqual(200);
  expect(status).toBeLessThan(300);
});
