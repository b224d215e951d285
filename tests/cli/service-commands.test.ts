import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnCommand, typeCommand } from '../support/command-line.ts';
import { allSign, makeOrder, openFamily, readOrder } from '../support/payment-orders.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { startUnreliableProxy } from '../support/unreliable-proxy.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

const settings = (more: Record<string, string | undefined> = {}) => ({
  ...{ JOINT_LEDGER_URL: service.url, JOINT_LEDGER_KEY: service.apiKey, DATABASE_URL: 'nonsense' },
  ...more,
});

const run = (...args: string[]) => spawnCommand(args, settings());

/** What a command prints for programs; nothing else may be printed. */
async function runForJson(...args: string[]) {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^[^\n]+\n$/);
  return JSON.parse(stdout);
}

const refused = (sentence: RegExp) => ({ code: 1, stdout: '', stderr: expect.stringMatching(sentence) });

test('lists accounts, shows one by either of its ids, and lists what was booked on it', async () => {
  const { client } = service;
  const named = { name: 'Flat "7"', currency: 'USD', ownership: 'joint', externalId: 'flat 7/é' };
  const { id } = (await client.post('/v1/accounts', named)).body;
  const deposit = { amount: '12.50', currency: 'USD', description: 'Rent' };
  expect((await client.post(`/v1/accounts/${id}/deposits`, deposit)).status).toBe(201);
  await client.openAccount({ currency: 'EUR' });

  const listed = await run('account', 'list', '--name-prefix', 'Flat');
  expect(listed).toEqual({ code: 0, stdout: `${id} "Flat \\"7\\"" 12.50 USD\n`, stderr: '' });
  const all = await runForJson('account', 'list');
  expect(all.length).toBeGreaterThan(1);
  expect(await runForJson('account', 'list', '--limit', '1')).toEqual([all[0]]);
  expect((await run('account', 'list', '--limit', '1')).stdout).toContain('There are more than 1');
  expect((await run('account', 'list', '--currency', 'SEK')).stdout).toBe('There are none.\n');

  const shown = await runForJson('account', 'show', id);
  expect(shown).toEqual((await client.get(`/v1/accounts/${id}`)).body);
  expect(await runForJson('account', 'show', 'flat 7/é')).toEqual(shown);
  expect((await run('account', 'show', id)).stdout).toContain('external id: "flat 7/é"');

  const [entry] = await runForJson('account', 'entries', id);
  expect(entry).toMatchObject({ accountId: id, amount: '12.50', description: 'Rent' });
  const entries = await run('account', 'entries', id);
  expect(entries.stdout).toBe(`${entry.bookedAt} 12.50 USD, then 12.50 (deposit ${entry.transactionId}) "Rent"\n`);
  expect(await runForJson('account', 'entries', id, '--to', entry.bookedAt)).toEqual([]);
});

test('moves money when it is told not to ask, and says what was booked', async () => {
  const { client } = service;
  const [from, to] = [await client.openAccount(), await client.openAccount()];
  const deposited = await run('move', 'deposit', from, '100.00', 'USD', '--yes', '--description', 'Salary');
  expect(deposited).toMatchObject({ code: 0, stderr: '' });
  expect(deposited.stdout).toMatch(new RegExp(`^Transaction \\S+ is booked:\n  ${from} 100.00 USD, then 100.00\n`));
  const withdrawn = await runForJson('move', 'withdraw', from, '30.00', 'USD', '--yes', '--external-id', 'w-1');
  expect(withdrawn).toMatchObject({ type: 'withdrawal', amount: '30.00', externalId: 'w-1' });
  const transfer = ['move', 'transfer', from, to, '25.00', 'USD', '--yes', '--key', 'once'];
  const made = await runForJson(...transfer);
  expect(await runForJson(...transfer)).toEqual(made);
  expect([await client.balance(from), await client.balance(to)]).toEqual(['45.00', '25.00']);
});

test('moves nothing where it can neither ask nor was told not to', async () => {
  const account = await service.client.openAccount();
  const moved = await run('move', 'deposit', account, '1.00', 'USD', '--json');
  expect(moved).toEqual(refused(/^joint-ledger: There is no terminal to ask at: add --yes to do it unasked\.\n$/));
  expect(await service.client.balance(account)).toBe('0.00');
});

test('asks at a terminal, and shows what would happen', async () => {
  const account = await service.client.openAccount();
  const move = ['move', 'deposit', account, '5.00', 'USD'];
  const question = /Do it\? \[y\/N\]/;
  const no = await typeCommand(move, settings(), [{ to: question, type: 'n\n' }]);
  if (no === undefined) return;
  expect(no.code).toBe(1);
  expect(no.shown).toMatch(
    new RegExp(`This would be booked:\\s+${account} 5.00 USD, then 5.00.*Nothing was done`, 's'),
  );
  expect(await service.client.balance(account)).toBe('0.00');
  const nothing = await typeCommand(move, settings(), [{ to: question, type: '\x04' }]);
  expect(nothing).toMatchObject({ code: 1, shown: expect.stringContaining('Nothing was done.') });
  const yes = await typeCommand(move, settings(), [{ to: question, type: 'y\n' }]);
  expect(yes).toMatchObject({ code: 0, shown: expect.stringMatching(/Transaction \S+ is booked/) });
  expect(await service.client.balance(account)).toBe('5.00');
});

test('says what the service refuses in one line', async () => {
  const account = await service.client.openAccount();
  const missing = '01936f00-0000-7000-8000-00000000abcd';
  for (const [args, sentence] of [
    [['move', 'withdraw', account, '1.00', 'USD', '--yes'], /^joint-ledger: [^\n]+ \(insufficient_funds\)\n$/],
    [['move', 'deposit', account, '1.001', 'USD', '--yes'], /^joint-ledger: amount: [^\n]+ \(validation_failed\)\n$/],
    [['move', 'deposit', 'x', '1.00', 'USD', '--yes'], /^joint-ledger: [^\n]*'account-id'[^\n]* UUID[^\n]*\n$/],
    [['account', 'show', missing], /^joint-ledger: [^\n]+ \(account_not_found\)\n$/],
    [['account', 'list', '--status', 'lost'], /^joint-ledger: [^\n]+ \(validation_failed\)\n$/],
    [['account', 'list', '--limit', '0'], /^joint-ledger: [^\n]*whole number from 1[^\n]*\n$/],
    [['order', 'sign', missing, '--yes'], /^joint-ledger: [^\n]+ \(payment_order_not_found\)\n$/],
    [['account', 'list', '--url', 'ftp://x'], /^joint-ledger: ftp:\/\/x is no address of a service[^\n]*\n$/],
  ] as const) {
    expect([args, await run(...args)]).toEqual([args, refused(sentence)]);
  }
  const noKey = await spawnCommand(['account', 'list'], settings({ JOINT_LEDGER_KEY: undefined }));
  expect(noKey).toEqual(refused(/^joint-ledger: There is no API key: set JOINT_LEDGER_KEY to one of the ledger\.\n$/));
  const nowhere = await spawnCommand(['account', 'list', '--url', 'http://127.0.0.1:1'], settings());
  expect(nowhere).toEqual(refused(/^joint-ledger: The service at http:\/\/127\.0\.0\.1:1 gave no answer [^\n]*\n$/));
});

test('prints the key to repeat a movement with when nobody knows whether it was booked', async () => {
  const account = await service.client.openAccount();
  const proxy = await startUnreliableProxy(service.url, ({ method }) => (method === 'POST' ? 'gave-up' : 'none'));
  const move = ['move', 'deposit', account, '7.00', 'USD', '--yes'];
  const unknown = await spawnCommand([...move, '--url', proxy.url], settings());
  await proxy.close();
  expect(unknown).toEqual(refused(/^joint-ledger: It is not known whether it was done \([^\n]+ --key \S+: it is done/));
  const [, key] = /--key (\S+): /.exec(unknown.stderr)!;
  expect((await run(...move, '--key', key!)).code).toBe(0);
  expect(await service.client.balance(account)).toBe('7.00');
});

test('lists and signs payment orders, of those that wait for signatures', async () => {
  const { client } = service;
  const { id, party } = await openFamily(client, allSign);
  const { ann, bob, cai } = party as Record<string, string>;
  const asked = await run('move', 'withdraw', id, '10.00', 'USD', '--yes', '--initiated-by', ann!);
  expect(asked.stdout).toMatch(/^Payment order \S+ waits for signatures, until \S+, from /);
  const other = await makeOrder(client, id, { amount: '11.00', initiatedBy: ann! });
  const waiting = await runForJson('order', 'list', '--missing-from', bob!);
  expect(waiting.map(({ amount }: { amount: string }) => amount)).toEqual(['11.00', '10.00']);
  const [, first] = waiting;
  expect((await run('order', 'list', '--account', id)).stdout).toContain(
    `${first.id} waiting: 10.00 USD from ${id} out`,
  );

  const unasked = await run('order', 'sign', first.id, '--by', bob!);
  expect(unasked).toEqual(refused(/^joint-ledger: There is no terminal to ask at/));
  expect((await readOrder(client, first)).multiAuthorisation.signedBy).toEqual([ann]);
  for (const by of [bob!, cai!].filter(Boolean)) {
    expect((await runForJson('order', 'sign', first.id, '--by', by, '--yes')).id).toBe(first.id);
  }
  expect(await readOrder(client, first)).toMatchObject({ status: 'booked' });
  const rejected = await runForJson('order', 'sign', other.id, '--by', bob!, '--reject', '--yes');
  expect(rejected.status).toBe('rejected');
  expect(await runForJson('order', 'list', '--account', id)).toEqual([]);
  expect(await runForJson('order', 'list', '--account', id, '--status', 'booked')).toHaveLength(1);
});
