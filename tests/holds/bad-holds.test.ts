import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const dayMs = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * dayMs).toISOString();
let service: TestService;
let [account, hold] = ['', ''];

beforeAll(async () => {
  service = await startTestService();
  account = await service.client.openAccount({ balance: '100.00' });
  const answer = await service.client.post('/v1/holds', { accountId: account, amount: '10.00', currency: 'USD' });
  hold = answer.body.id;
});

afterAll(() => service.stop());

async function expectInvalid(path: string, body: unknown, paths: string[]): Promise<void> {
  await leavingTheBooksAlone(service, async () => {
    const before = (await service.client.get(`/v1/holds/${hold}`)).body;
    expectProblem(await sendRaw(service, { path, body: JSON.stringify(body) }), 'validation_failed', paths);
    expect((await service.client.get(`/v1/holds/${hold}`)).body).toEqual(before);
  });
}

describe('a hold with', () => {
  test.each<[string, object, string[]]>([
    ['an unknown field', { surprise: 1 }, ['surprise']],
    ['a value date, which captures have', { valueDate: '2026-11-01' }, ['valueDate']],
    ['an account that is no id', { accountId: 'mine' }, ['accountId']],
    ['no account', { accountId: undefined }, ['accountId']],
    ['itself as payee', { toAccountId: 'SELF' }, ['toAccountId']],
    ['a payee that is no id', { toAccountId: 7 }, ['toAccountId']],
    ['an amount of zero', { amount: '0.00' }, ['amount']],
    ['a negative amount', { amount: '-1.00' }, ['amount']],
    ['a number as amount', { amount: 1 }, ['amount']],
    ['too many decimals', { amount: '1.001' }, ['amount']],
    ['no currency', { currency: undefined }, ['currency']],
    ['a currency that is none', { currency: 'XXX' }, ['currency']],
    ['a time that is over', { expiresAt: '2020-01-01T00:00:00Z' }, ['expiresAt']],
    ['more than 90 days', { expiresAt: inDays(91) }, ['expiresAt']],
    ['a day as time', { expiresAt: '2026-12-01' }, ['expiresAt']],
    ['an initiator that is no id', { initiatedBy: 'Ann' }, ['initiatedBy']],
    ['an empty description', { description: '' }, ['description']],
    ['a long reference', { reference: 'x'.repeat(141) }, ['reference']],
    ['metadata in a list', { metadata: [] }, ['metadata']],
  ])('%s is refused', async (_name, fields, paths) => {
    const told = { accountId: account, amount: '1.00', currency: 'USD', ...fields };
    const toAccountId = 'toAccountId' in told && told.toAccountId === 'SELF' ? { toAccountId: account } : {};
    await expectInvalid('/v1/holds', { ...told, ...toAccountId }, paths);
  });
});

describe('a capture with', () => {
  test.each<[string, unknown, string[]]>([
    ['an unknown field', { surprise: 1 }, ['surprise']],
    ['an amount of zero', { amount: '0' }, ['amount']],
    ['an amount of zero in its currency', { amount: '0.00', currency: 'USD' }, ['amount']],
    ['a negative amount', { amount: '-1' }, ['amount']],
    ['a number as amount', { amount: 1 }, ['amount']],
    ['more decimals than the currency of the hold has', { amount: '1.001' }, ['amount']],
    ['a currency without an amount', { currency: 'USD' }, ['currency']],
    ['a currency that is none', { amount: '1', currency: 'XXX' }, ['currency']],
    ['a final that is text', { final: 'true' }, ['final']],
    ['a party that is no id', { by: 'Ann' }, ['by']],
    ['a list for a body', [], ['']],
  ])('%s is refused', (_name, body, paths) => expectInvalid(`/v1/holds/${hold}/capture`, body, paths));
});

describe('void and extend with', () => {
  test.each<[string, string, unknown, string[]]>([
    ['an unknown field', 'void', { reason: 'x' }, ['reason']],
    ['a party that is no id', 'void', { by: 7 }, ['by']],
    ['no time', 'extend', {}, ['expiresAt']],
    ['a time that is over', 'extend', { expiresAt: '2020-01-01T00:00:00Z' }, ['expiresAt']],
    ['more than 90 days', 'extend', { expiresAt: inDays(91) }, ['expiresAt']],
    ['a party that is no id', 'extend', { expiresAt: inDays(9), by: 'Ann' }, ['by']],
  ])('%s (%s) is refused', (_name, action, body, paths) => expectInvalid(`/v1/holds/${hold}/${action}`, body, paths));
});

test('addresses and queries that are none are refused', async () => {
  for (const [path, paths] of [
    ['/v1/holds/mine', ['holdId']],
    [`/v1/holds/${nobody}?at=now`, ['at']],
    ['/v1/accounts/mine/holds', ['accountId']],
    [`/v1/accounts/${account}/holds?status=waiting`, ['status']],
    [`/v1/accounts/${account}/holds?limit=0&surprise=1`, ['limit', 'surprise']],
  ] as const) {
    expectProblem(await sendRaw(service, { path }), 'validation_failed', paths);
  }
  expectProblem(await sendRaw(service, { path: `/v1/accounts/${account}/holds?cursor=x` }), 'invalid_cursor');
  const dryVoid = await sendRaw(service, { method: 'POST', path: `/v1/holds/${hold}/void?dryRun=true` });
  expectProblem(dryVoid, 'validation_failed', ['dryRun']);
});
