import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import type { TestClient } from '../support/test-client.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

// Two services share nothing but the database, so that only the row of the account keeps their callers apart; callers
// of the same service may also meet in one group. Stopping the service proves the books, what is held included.

let service: TestService;
let second: Awaited<ReturnType<typeof startSecondApi>>;
let clients: TestClient[] = [];
let elsewhere = '';

beforeAll(async () => {
  service = await startTestService();
  second = await startSecondApi(service);
  clients = [service.client, second.client];
  elsewhere = await service.client.openAccount();
});

afterAll(async () => {
  await second.api.stop(5_000);
  await service.stop();
});

/** Callers 0 and 1 sit at different services, 0 and 2 at the same. */
const at = (caller: number) => clients[caller % clients.length]!;

/**
 * Starts the callers while each service is busy with something else, so that those of one service gather in a group.
 */
async function startBehindOthers<Result>(count: number, call: (caller: number) => PromiseLike<Result>) {
  const deposit = { amount: '1.00', currency: 'USD' };
  const others = startTogether(2, (caller) => at(caller).post(`/v1/accounts/${elsewhere}/deposits`, deposit));
  const [answers] = await Promise.all([startTogether(count, call), others]);
  return answers;
}

async function placeHold(amount: string, more: object = {}): Promise<{ account: string; id: string }> {
  const account = await service.client.openAccount({ balance: '100.00' });
  const answer = await service.client.post('/v1/holds', { accountId: account, amount, currency: 'USD', ...more });
  expect(answer.status).toBe(201);
  return { account, id: answer.body.id };
}

/** Reserves more beside a hold: enough that letting go of the hold twice would not take what is held below zero. */
async function placeBeside(account: string): Promise<void> {
  const body = { accountId: account, amount: '50.00', currency: 'USD' };
  expect((await service.client.post('/v1/holds', body)).status).toBe(201);
}

async function stateOf({ account, id }: { account: string; id: string }) {
  const { balance, held } = (await service.client.get(`/v1/accounts/${account}`)).body;
  const { status, remaining, captured } = (await service.client.get(`/v1/holds/${id}`)).body;
  return { balance, held, status, remaining, captured };
}

test('of a capture and a void exactly one wins', async () => {
  const won = new Set<string>();
  for (const round of roundsOf(40, won)) {
    const placed = await placeHold('40.00');
    await placeBeside(placed.account);
    const actions = round % 2 === 0 ? (['capture', 'void'] as const) : (['void', 'capture'] as const);
    const offset = round % 4 < 2 ? 1 : 2;
    const start = round % 8 < 4 ? startTogether : startBehindOthers;
    const answers = await start(2, (caller) => at(caller * offset).post(`/v1/holds/${placed.id}/${actions[caller]}`));
    const winners = actions.filter((_action, caller) => answers[caller]!.status < 300);
    expect(winners).toHaveLength(1);
    expect(answers.find((answer) => answer.status >= 300)!.body.code).toBe('hold_not_active');
    won.add(winners[0]!);
    expect(await stateOf(placed)).toEqual(
      winners[0] === 'capture'
        ? { balance: '60.00', held: '50.00', status: 'captured', remaining: '0.00', captured: '40.00' }
        : { balance: '100.00', held: '50.00', status: 'voided', remaining: '0.00', captured: '0.00' },
    );
  }
  expect(won.size).toBe(2);
});

test('captures together never take more than was reserved', async () => {
  const to = await service.client.openAccount();
  let captured = 0;
  for (const _round of roundsOf(15)) {
    captured += 48;
    const placed = await placeHold('50.00', { toAccountId: to });
    const answers = await startBehindOthers(8, (caller) =>
      at(caller).post(`/v1/holds/${placed.id}/capture`, { amount: '12.00' }),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 201, 409, 409, 409, 409]);
    const refused = answers.filter(({ status }) => status === 409).map(({ body }) => [body.code, body.remaining]);
    expect(refused).toEqual(Array(4).fill(['hold_amount_exceeded', '2.00']));
    expect(await stateOf(placed)).toEqual({
      ...{ balance: '52.00', held: '2.00', status: 'active', remaining: '2.00', captured: '48.00' },
    });
  }
  expect(await service.client.balance(to)).toBe(`${captured}.00`);
});

test('a capture is never short of money, however many withdraw the rest at the same moment', async () => {
  for (const round of roundsOf(15)) {
    const placed = await placeHold('60.00');
    const answers = await startBehindOthers(9, (caller) =>
      caller === 4
        ? at(round).post(`/v1/holds/${placed.id}/capture`)
        : at(caller).post(`/v1/accounts/${placed.account}/withdrawals`, { amount: '10.00', currency: 'USD' }),
    );
    expect(answers[4]!.status).toBe(201);
    const withdrawn = answers.filter((_answer, caller) => caller !== 4);
    expect(withdrawn.map(({ status }) => status).sort()).toEqual([201, 201, 201, 201, 422, 422, 422, 422]);
    expect(await stateOf(placed)).toMatchObject({ balance: '0.00', held: '0.00', captured: '60.00' });
  }
});

test('of many who void a hold exactly one does', async () => {
  for (const _round of roundsOf(20)) {
    const placed = await placeHold('40.00');
    await placeBeside(placed.account);
    const answers = await startBehindOthers(6, (caller) => at(caller).post(`/v1/holds/${placed.id}/void`));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409]);
    expect(await stateOf(placed)).toMatchObject({ balance: '100.00', held: '50.00', status: 'voided' });
  }
});

test('holds that are made together never reserve more than there is', async () => {
  for (const _round of roundsOf(15)) {
    const account = await service.client.openAccount({ balance: '100.00' });
    const body = { accountId: account, amount: '30.00', currency: 'USD' };
    const answers = await startBehindOthers(8, (caller) => at(caller).post('/v1/holds', body));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, ...Array(5).fill(422)]);
    for (const { status, body: refused } of answers) {
      if (status === 422) expect([refused.available, refused.explanation.heldBy.length]).toEqual(['10.00', 3]);
    }
    const { held, available } = (await service.client.get(`/v1/accounts/${account}`)).body;
    expect([held, available]).toEqual(['90.00', '10.00']);
  }
});

test('of those who extend a hold together the one who asked for most has it', async () => {
  for (const _round of roundsOf(10)) {
    const placed = await placeHold('60.00');
    const untils = [12, 10, 11, 13].map((days) => new Date(Date.now() + days * 86_400_000).toISOString());
    const answers = await startBehindOthers(4, (caller) =>
      at(caller).post(`/v1/holds/${placed.id}/extend`, { expiresAt: untils[caller] }),
    );
    for (const { status } of answers) expect([200, 400]).toContain(status);
    expect((await service.client.get(`/v1/holds/${placed.id}`)).body.expiresAt).toBe(untils[3]);
  }
});
