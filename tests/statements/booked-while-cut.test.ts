import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type DatabaseClock, installDatabaseClock } from '../support/database-clock.ts';
import { roundsOf } from '../support/rounds.ts';
import type { TestClient } from '../support/test-client.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let second: Awaited<ReturnType<typeof startSecondApi>>;
let clock: DatabaseClock;

beforeAll(async () => {
  service = await startTestService({});
  clock = await installDatabaseClock(service.database);
  second = await startSecondApi(service);
});

afterAll(async () => {
  await second.api.stop(5_000);
  await clock.reset();
  await service.stop();
});

const money = { amount: '1.00', currency: 'USD' };

/** Issues the statement as soon as its day is over, while others go on; answers it. */
async function issueSoon(client: TestClient, accountId: string) {
  for (;;) {
    const { status, body } = await client.post(`/v1/accounts/${accountId}/statements`, { through: '2025-10-31' });
    if (status === 201) return body;
    expect(body.code).toBe('period_not_over');
  }
}

test('takes in all that is dated before the end and nothing else, while movements go on', async () => {
  const seen = new Set<string>();
  for (const round of roundsOf(24, seen)) {
    await clock.setTo('2025-10-15T10:00:00Z');
    const [id, other] = [await service.client.openAccount({ balance: '500.00' }), await service.client.openAccount()];
    // Just before midnight, so that some are booked on each side of it.
    await clock.setTo(new Date(Date.parse('2025-11-01T00:00:00Z') - 100));
    let isOver = false;
    const pay = async (client: TestClient, [fromAccountId, toAccountId]: readonly [string, string]) => {
      let left = 15;
      while (!isOver || left-- > 0) {
        const { status, body } = await client.post('/v1/transfers', { fromAccountId, toAccountId, ...money });
        expect([201, 'insufficient_funds']).toContain(status === 201 ? status : body.code);
      }
    };
    const issuer = round % 2 === 0 ? service.client : second.client;
    const [statement] = await Promise.all([
      issueSoon(issuer, id).finally(() => {
        isOver = true;
      }),
      ...[service.client, second.client].flatMap((client) => [pay(client, [id, other]), pay(client, [other, id])]),
    ]);
    const entries = await service
      .rows('entries')
      .where('account_id', id)
      .orderBy('version')
      .select<Array<{ version: number; booked_at: Date }>>('version', 'booked_at');
    const before = entries.filter(({ booked_at }) => booked_at < new Date(statement.periodTo));
    expect(before.map(({ version }) => version)).toEqual(
      Array.from({ length: statement.toVersion }, (_, at) => at + 1),
    );
    if (before.length > 1) seen.add('before');
    if (before.length < entries.length) seen.add('after');
  }
  expect([...seen].sort()).toEqual(['after', 'before']);
});
