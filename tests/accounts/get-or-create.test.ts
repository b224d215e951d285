import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { startApi } from '../../src/process/api-process.ts';
import type { HttpListener } from '../../src/process/listen-http.ts';
import { localWebhooks } from '../support/local-webhooks.ts';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let secondApi: HttpListener;
let clients: TestClient[];

beforeAll(async () => {
  service = await startTestService();
  secondApi = await startApi({
    host: '127.0.0.1',
    port: 0,
    keepAliveTimeoutMs: 65_000,
    databaseUrl: service.databaseUrl,
    databasePoolSize: 10,
    lockTimeoutMs: 5_000,
    ...localWebhooks,
    logger: pino({ level: 'silent' }),
  });
  clients = [service.client, createTestClient(`http://127.0.0.1:${secondApi.port}`, service.apiKey)];
});

afterAll(async () => {
  await secondApi.stop(5_000);
  await service.stop();
});

const rounds = 20;
const callers = 10;

describe.each([
  { table: 'parties', body: { name: 'Erin' } },
  { table: 'accounts', body: { name: 'Household', currency: 'USD', ownership: 'joint' } },
])('PUT /v1/$table/by-external-id', ({ table, body }) => {
  test.each([1, 2])(
    'creates one row when ten callers come to %i services at once, and finds it ever after',
    async (services) => {
      for (const round of roundsOf(rounds)) {
        const externalId = `${services}-${round}`;
        const put = (caller: number) =>
          clients[caller % services]!.put(`/v1/${table}/by-external-id/${externalId}`, body);

        const answers = await startTogether(callers, put);
        expect(answers.map((answer) => answer.status).sort()).toEqual([...Array(callers - 1).fill(200), 201]);
        const created = answers.find((answer) => answer.status === 201)!;
        expect(created.body.externalId).toBe(externalId);
        for (const answer of answers) expect(answer.body).toEqual(created.body);

        for (const later of [await put(0), await put(1)]) {
          expect(later.status).toBe(200);
          expect(later.body).toEqual(created.body);
        }
        const read = await clients[0]!.get(`/v1/${table}/${created.body.id}`);
        expect(read.body).toEqual(created.body);
        const rows = await service.rows(table).where({ ledger_id: service.ledgerId, external_id: externalId });
        expect(rows).toHaveLength(1);
      }
    },
  );

  test('refuses all but one of ten callers who insist on creating', async () => {
    for (const round of roundsOf(rounds)) {
      const insist = { ...body, externalId: `insist-${round}` };
      const answers = await startTogether(callers, (caller) => clients[caller % 2]!.post(`/v1/${table}`, insist));
      expect(answers.map((answer) => answer.status).sort()).toEqual([201, ...Array(callers - 1).fill(409)]);
      const created = answers.find((answer) => answer.status === 201)!;
      const refused = answers.filter((answer) => answer.status === 409).map((answer) => answer.body);
      for (const problem of refused) {
        expect(problem.code).toBe('external_id_taken');
        expect([problem.partyId, problem.accountId]).toContain(created.body.id);
      }
      const rows = await service.rows(table).where({ external_id: insist.externalId }).pluck('id');
      expect(rows).toEqual([created.body.id]);
    }
  });
});

test('finds an account as it is now, not as it was asked for', async () => {
  const { client } = service;
  const path = '/v1/accounts/by-external-id/moved';
  const created = await client.put(path, { name: 'Moved', currency: 'USD', ownership: 'joint' });
  await client.post(`/v1/accounts/${created.body.id}/deposits`, { amount: '5.00', currency: 'USD' });
  const found = await client.put(path, { name: 'Other', currency: 'USD', ownership: 'joint' });
  expect(found.status).toBe(200);
  expect(found.headers.etag).toBe('"1"');
  expect(found.body).toEqual({ ...created.body, balance: '5.00', available: '5.00', version: 1 });
});
