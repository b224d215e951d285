import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const movement = { amount: '1.00', currency: 'USD' };
let service: TestService;
let [account, other, clearing, party] = ['', '', '', ''];

beforeAll(async () => {
  service = await startTestService();
  const { client } = service;
  [account, other] = [await client.openAccount({ balance: '10.00' }), await client.openAccount({ balance: '10.00' })];
  party = await client.createParty('Ann');
  clearing = (await client.get('/v1/accounts?ownership=clearing')).body.data[0].id;
});

afterAll(() => service.stop());

async function expectInvalid(path: string, body: object, fields: string[]): Promise<void> {
  await leavingTheBooksAlone(service, async () => {
    expectProblem(await sendRaw(service, { path, body: JSON.stringify(body) }), 'validation_failed', fields);
  });
}

/** The same fields on each kind of movement. */
async function expectInvalidMovement(fields: object, paths: string[]): Promise<void> {
  await expectInvalid(`/v1/accounts/${account}/deposits`, { ...movement, ...fields }, paths);
  await expectInvalid(`/v1/accounts/${account}/withdrawals`, { ...movement, ...fields }, paths);
  await expectInvalid('/v1/transfers', { fromAccountId: account, toAccountId: other, ...movement, ...fields }, paths);
}

describe('movements', () => {
  const bytesOf = (size: number) => ({ a: 'é'.repeat((size - 8) / 2) });

  test.each<[string, object, string]>([
    ['an unknown field', { ammount: '1.00' }, 'ammount'],
    ['a field of another version', { valuedate: '2026-11-01' }, 'valuedate'],
    ['an empty description', { description: '' }, 'description'],
    ['a long description', { description: 'x'.repeat(501) }, 'description'],
    ['a description that is no text', { description: 1 }, 'description'],
    ['a long reference', { reference: 'x'.repeat(141) }, 'reference'],
    ['an initiator that is no id', { initiatedBy: 'Ann' }, 'initiatedBy'],
    ['an empty initiator', { initiatedBy: '' }, 'initiatedBy'],
    ['an id in braces', { initiatedBy: `{${nobody}}` }, 'initiatedBy'],
    ['an id without hyphens', { initiatedBy: nobody.replaceAll('-', '') }, 'initiatedBy'],
    ['an id with a line break', { initiatedBy: `${nobody}\n` }, 'initiatedBy'],
    ['metadata in a list', { metadata: [1] }, 'metadata'],
    ['metadata in text', { metadata: 'x' }, 'metadata'],
    ['metadata of a number', { metadata: 1 }, 'metadata'],
    ['metadata above 4096 bytes', { metadata: bytesOf(4098) }, 'metadata'],
    ['a day that does not exist', { valueDate: '2026-02-30' }, 'valueDate'],
    ['29 February of a common year', { valueDate: '2025-02-29' }, 'valueDate'],
    ['the year 0', { valueDate: '0000-01-01' }, 'valueDate'],
    ['the year 1899', { valueDate: '1899-12-31' }, 'valueDate'],
    ['the year 9999', { valueDate: '9999-01-01' }, 'valueDate'],
    ['a day without zeros', { valueDate: '2026-1-1' }, 'valueDate'],
    ['an instant as a day', { valueDate: '2026-11-01T00:00:00Z' }, 'valueDate'],
    ['a day before Christ', { valueDate: '2026-11-01 BC' }, 'valueDate'],
    ['a word for a day', { valueDate: 'infinity' }, 'valueDate'],
    ['a day as a number', { valueDate: 20261101 }, 'valueDate'],
  ])('refuses %s', async (_name, fields, path) => {
    await expectInvalidMovement(fields, [path]);
  });

  test('names every bad field at once', async () => {
    const fields = { amount: 1, currency: 'usd', initiatedBy: 'x', description: '', valueDate: 'y', surprise: 1 };
    const paths = ['amount', 'currency', 'initiatedBy', 'description', 'valueDate', 'surprise'];
    await expectInvalidMovement(fields, paths);
  });

  test('takes metadata of exactly 4096 bytes, 29 February of a leap year and null for what is optional', async () => {
    const nothing = { initiatedBy: null, description: null, reference: null };
    const body = { ...movement, ...nothing, metadata: bytesOf(4096), valueDate: '2024-02-29' };
    const answer = await service.client.post(`/v1/accounts/${account}/deposits`, body);
    expect([answer.status, answer.body.valueDate]).toEqual([201, '2024-02-29']);
  });

  test.each<[string, object, string[]]>([
    ['no accounts', {}, ['fromAccountId', 'toAccountId']],
    ['bad ids', { fromAccountId: 'a', toAccountId: 7 }, ['fromAccountId', 'toAccountId']],
    ['the same account twice', { fromAccountId: nobody, toAccountId: nobody }, ['toAccountId']],
    ['the same account in capitals', { fromAccountId: nobody, toAccountId: nobody.toUpperCase() }, ['toAccountId']],
  ])('refuses a transfer with %s', async (_name, fields, paths) => {
    await expectInvalid('/v1/transfers', { ...fields, ...movement }, paths);
  });

  test('takes ids in capitals, in the body and in the path', async () => {
    const { client } = service;
    const capitals = (id: string) => id.toUpperCase();
    const ids = { fromAccountId: capitals(account), toAccountId: capitals(other), initiatedBy: capitals(party) };
    const transfer = await client.post('/v1/transfers', { ...movement, ...ids });
    expect([transfer.status, transfer.body.initiatedBy]).toEqual([201, party]);
    const deposit = await client.post(`/v1/accounts/${capitals(other)}/deposits`, movement);
    expect([deposit.status, deposit.body.entries[0].accountId]).toEqual([201, other]);
    for (const path of [
      `accounts/${capitals(other)}`,
      `transactions/${capitals(deposit.body.id)}`,
      `parties/${capitals(party)}`,
    ]) {
      expect((await client.get(`/v1/${path}`)).status).toBe(200);
    }
    const balances = await client.get(`/v1/balances?accountIds=${capitals(other)},${account}`);
    expect(balances.body.data.map((balance: { accountId: string }) => balance.accountId)).toEqual([other, account]);
    const entries = await client.get(`/v1/accounts/${capitals(other)}/entries?limit=1`);
    const next = await client.get(`/v1/accounts/${other}/entries?limit=1&cursor=${entries.body.nextCursor}`);
    expect(next.status).toBe(200);
  });

  test('moves nothing to, from or between accounts that are missing or the ledger’s own', async () => {
    const balances = () => Promise.all([account, other, clearing].map((id) => service.client.balance(id)));
    const before = await balances();
    const cases = [
      ['clearing_account', `/v1/accounts/${clearing}/deposits`, {}],
      ['clearing_account', `/v1/accounts/${clearing}/withdrawals`, {}],
      ['clearing_account', '/v1/transfers', { fromAccountId: account, toAccountId: clearing }],
      ['clearing_account', '/v1/transfers', { fromAccountId: clearing, toAccountId: account }],
      ['account_not_found', `/v1/accounts/${nobody}/deposits`, {}],
      ['account_not_found', '/v1/transfers', { fromAccountId: account, toAccountId: nobody }],
      ['account_not_found', '/v1/transfers', { fromAccountId: nobody, toAccountId: account }],
      ['party_not_found', `/v1/accounts/${account}/deposits`, { initiatedBy: nobody }],
      ['insufficient_funds', `/v1/accounts/${account}/withdrawals`, { amount: '1000000.00' }],
    ] as const;
    for (const [code, path, fields] of cases) {
      const body = JSON.stringify({ ...movement, ...fields });
      expectProblem(await sendRaw(service, { path, body }), code);
    }
    expect(await balances()).toEqual(before);
  });
});

describe('accounts and parties', () => {
  const good = { name: 'Bad', currency: 'USD', ownership: 'joint' };
  const holders = (...list: object[]) => ({ holders: list });

  test.each<[string, object, string[]]>([
    ['no name', { name: undefined }, ['name']],
    ['an empty name', { name: '' }, ['name']],
    ['a long name', { name: 'x'.repeat(201) }, ['name']],
    ['an ownership that is null', { ownership: null }, ['ownership']],
    ['the ownership of the ledger’s own', { ownership: 'clearing' }, ['ownership']],
    ['a balance', { balance: '1.00' }, ['balance']],
    ['an id', { id: nobody }, ['id']],
    ['an empty external id', { externalId: '' }, ['externalId']],
    ['a number as external id', { externalId: 1 }, ['externalId']],
    ['holders that are no list', { holders: {} }, ['holders']],
    ['holders that are null', { holders: null }, ['holders']],
    ['a holder that is text', { holders: [nobody] }, ['holders.0']],
    [
      'an unknown field of a holder',
      holders({ partyId: nobody.replace('7', '8') }, { partyId: nobody, right: 1 }),
      ['holders.1.right'],
    ],
    ['a holder who is no id', holders({ partyId: 'Ann' }), ['holders.0.partyId']],
    ['an unknown right', holders({ partyId: nobody, rights: ['view', 'steal'] }), ['holders.0.rights.1']],
    ['a right twice', holders({ partyId: nobody, rights: ['view', 'view'] }), ['holders.0.rights']],
    ['no rights', holders({ partyId: nobody, rights: [] }), ['holders.0.rights']],
    ['a holder twice', holders({ partyId: nobody }, { partyId: nobody.toUpperCase() }), ['holders']],
    [
      '51 holders',
      holders(...Array.from({ length: 51 }, (_, n) => ({ partyId: nobody.replace(/..$/, `${n + 10}`) }))),
      ['holders'],
    ],
  ])('opens no account with %s', async (_name, fields, paths) => {
    await expectInvalid('/v1/accounts', { ...good, ...fields }, paths);
  });

  test('opens no sole account for two', async () => {
    const two = holders({ partyId: nobody }, { partyId: party });
    await expectInvalid('/v1/accounts', { ...good, ownership: 'sole', ...two }, ['holders']);
  });

  test('opens no account for a stranger', async () => {
    const body = JSON.stringify({ ...good, ...holders({ partyId: nobody }) });
    expectProblem(await sendRaw(service, { path: '/v1/accounts', body }), 'party_not_found');
    expect((await service.rows('accounts').where('name', good.name)).length).toBe(0);
  });

  test.each<[string, object, string[]]>([
    ['no name', {}, ['name']],
    ['a name that is no text', { name: ['Ann'] }, ['name']],
    ['an unknown field', { name: 'Ann', surname: 'Lee' }, ['surname']],
    ['a long external id', { name: 'Ann', externalId: 'x'.repeat(201) }, ['externalId']],
  ])('creates no party with %s', async (_name, body, paths) => {
    await expectInvalid('/v1/parties', body, paths);
  });

  test('refuses an external id in the body where it stands in the path', async () => {
    await leavingTheBooksAlone(service, async () => {
      for (const [path, body] of [
        ['/v1/parties/by-external-id/x', { name: 'Ann', externalId: 'y' }],
        ['/v1/accounts/by-external-id/x', { ...good, externalId: 'y' }],
      ] as const) {
        const answer = await sendRaw(service, { method: 'PUT', path, body: JSON.stringify(body) });
        expectProblem(answer, 'validation_failed', ['externalId']);
      }
    });
  });

  test('refuses a body for the closing of an account', async () => {
    await expectInvalid(`/v1/accounts/${account}/close`, { force: true }, ['force']);
  });

  test('counts characters, not code units, against the limit of a name', async () => {
    expect((await service.client.post('/v1/parties', { name: '👩'.repeat(200) })).status).toBe(201);
    await expectInvalid('/v1/parties', { name: '👩'.repeat(201) }, ['name']);
  });
});
