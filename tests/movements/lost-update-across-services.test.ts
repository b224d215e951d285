import { expect, test } from '@jest/globals';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import { withoutDeadlock } from '../support/test-service.ts';

// Within one process movements of one account go together anyway; only the row lock keeps two processes apart.

test('keeps both when two services deposit and withdraw at the same instant', async () => {
  await withoutDeadlock(async (first, second) => {
    const account = await first.openAccount({ balance: '1000.00' });
    const body = { amount: '100.00', currency: 'USD' };
    let rounds = 0;
    for (const _round of roundsOf(150)) {
      rounds++;
      const answers = await Promise.all([
        first.post(`/v1/accounts/${account}/deposits`, body),
        second.post(`/v1/accounts/${account}/withdrawals`, body),
      ]);
      expect(answers.map((answer) => answer.status)).toEqual([201, 201]);
    }
    expect(await first.balance(account)).toBe('1000.00');
    expect((await second.get(`/v1/accounts/${account}`)).body.version).toBe(1 + 2 * rounds);
  });
});

test('lets exactly as many withdrawals through as there is money for, however many services are asked', async () => {
  await withoutDeadlock(async (first, second) => {
    for (const _round of roundsOf(30)) {
      const account = await first.openAccount({ balance: '100.00' });
      const answers = await startTogether(10, (caller) =>
        [first, second][caller % 2]!.post(`/v1/accounts/${account}/withdrawals`, { amount: '30.00', currency: 'USD' }),
      );
      const statuses = answers.map((answer) => answer.status).sort();
      expect(statuses).toEqual([201, 201, 201, ...Array(7).fill(422)]);
      expect(await second.balance(account)).toBe('10.00');
    }
  });
});
