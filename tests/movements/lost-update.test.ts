import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

test('keeps both when the earner deposits and the spender withdraws at the same instant', async () => {
  const { client } = service;
  const [earner, spender] = [await client.createParty('Earner'), await client.createParty('Spender')];
  const household = await client.openAccount({ balance: '1000.00' });
  let rounds = 0;
  for (const _round of roundsOf(200)) {
    rounds++;
    const body = { amount: '100.00', currency: 'USD' };
    const [deposit, withdrawal] = await Promise.all([
      client.post(`/v1/accounts/${household}/deposits`, { ...body, initiatedBy: earner }),
      client.post(`/v1/accounts/${household}/withdrawals`, { ...body, initiatedBy: spender }),
    ]);
    expect([deposit.status, withdrawal.status]).toEqual([201, 201]);
    expect(await client.balance(household)).toBe('1000.00');
  }
  const account = await client.get(`/v1/accounts/${household}`);
  expect(account.body.version).toBe(1 + 2 * rounds);
});

test('lets exactly one of two withdrawals through that together would overdraw', async () => {
  const { client } = service;
  for (const _round of roundsOf(50)) {
    const account = await client.openAccount({ balance: '100.00' });
    const answers = await startTogether(2, () =>
      client.post(`/v1/accounts/${account}/withdrawals`, { amount: '60.00', currency: 'USD' }),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 422]);
    const refused = answers.find((answer) => answer.status === 422)!;
    expect(refused.body).toMatchObject({ code: 'insufficient_funds', available: '40.00' });
    expect(await client.balance(account)).toBe('40.00');
  }
});

test('gives each of many simultaneous movements of one account its own version', async () => {
  const { client } = service;
  const account = await client.openAccount();
  const answers = await startTogether(60, (caller) =>
    client.post(`/v1/accounts/${account}/deposits`, { amount: `${caller + 1}.00`, currency: 'USD' }),
  );
  expect(answers.every((answer) => answer.status === 201)).toBe(true);
  const versions = answers.map((answer) => answer.body.entries[0].version).sort((a, b) => a - b);
  expect(versions).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  expect(await client.balance(account)).toBe('1830.00');
});
