import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type BatchItem, item } from '../support/batches.ts';
import { type RawAnswer, type RawRequest, sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const nobody = '01890a5d-ac96-774b-bcce-b302099a8057';
const path = '/v1/batches';
const mebibytes2 = 2 * 1024 * 1024;
let service: TestService;
let [account, other] = ['', ''];

beforeAll(async () => {
  service = await startTestService();
  account = await service.client.openAccount({ balance: '10.00' });
  other = await service.client.openAccount({ balance: '10.00' });
});

afterAll(() => service.stop());

function send(body: unknown, headers: Record<string, string> = {}): Promise<RawAnswer> {
  return sendRaw(service, { method: 'POST', path, body: JSON.stringify(body), headers });
}

/** Four good items, one of each kind. */
function goodItems(): BatchItem[] {
  return [
    item.deposit(account, '1.00'),
    item.withdrawal(account, '1.00'),
    item.transfer(account, other, '1.00'),
    item.multiLeg({ [account]: '-1.00', [other]: '1.00' }),
  ];
}

/** The good items with more in the last of them, in place of what it has. */
function withLast(kind: BatchItem, fields: object): unknown[] {
  return [...goodItems().slice(0, 3), { ...kind, ...fields }];
}

async function expectInvalid(body: unknown, paths: string[]): Promise<RawAnswer> {
  let answer: RawAnswer | undefined;
  await leavingTheBooksAlone(service, async () => {
    answer = await send(body, { 'Idempotency-Key': 'never-used' });
    expectProblem(answer, 'validation_failed', paths);
  });
  return answer!;
}

describe('the batch', () => {
  test.each<[string, () => unknown, string[]]>([
    ['no body', () => undefined, ['']],
    ['a list', () => goodItems(), ['']],
    ['text', () => 'batch', ['']],
    ['an empty object', () => ({}), ['atomic', 'items']],
    ['no word on atomic', () => ({ items: goodItems() }), ['atomic']],
    ['atomic as text', () => ({ atomic: 'true', items: goodItems() }), ['atomic']],
    ['atomic as a number', () => ({ atomic: 1, items: goodItems() }), ['atomic']],
    ['atomic as null', () => ({ atomic: null, items: goodItems() }), ['atomic']],
    ['no items', () => ({ atomic: true }), ['items']],
    ['items that are null', () => ({ atomic: true, items: null }), ['items']],
    ['items in an object', () => ({ atomic: true, items: { 0: item.deposit(account, '1.00') } }), ['items']],
    ['0 items', () => ({ atomic: true, items: [] }), ['items']],
    ['1,001 items', () => ({ atomic: true, items: Array(1_001).fill(item.deposit(account, '0.01')) }), ['items']],
    ['an unknown field', () => ({ atomic: true, items: goodItems(), dryRun: true }), ['dryRun']],
    ['its key in the body', () => ({ atomic: true, items: goodItems(), idempotencyKey: 'x' }), ['idempotencyKey']],
  ])('is refused with %s', async (_name, make, paths) => {
    await expectInvalid(make(), paths);
  });

  test('names the limits of the number of items', async () => {
    const none = await expectInvalid({ atomic: false, items: [] }, ['items']);
    expect(none.body.errors[0].message).toBe('must have at least 1 item');
    const items = Array(1_001).fill(item.deposit(account, '0.01'));
    const many = await expectInvalid({ atomic: false, items }, ['items']);
    expect(many.body.errors[0].message).toBe('must have at most 1000 items');
  });

  test('is refused for the terms of the request as any other call is', async () => {
    const body = { atomic: true, items: goodItems() };
    await leavingTheBooksAlone(service, async () => {
      expectProblem(await send(body, { 'Idempotency-Key': 'a b' }), 'validation_failed', ['Idempotency-Key']);
      expectProblem(await send(body, { Prefer: 'wait=x' }), 'validation_failed', ['Prefer']);
      for (const query of ['dryRun=1', 'dryrun=true', 'atomic=true']) {
        const answer = await sendRaw(service, { path: `${path}?${query}`, body: JSON.stringify(body) });
        expectProblem(answer, 'validation_failed', [query.split('=')[0]!]);
      }
      const nobodys = { authorization: 'Bearer jl_nobody' };
      expectProblem(await send(body, nobodys), 'unauthorized');
    });
  });
});

describe('an item', () => {
  const deposit = () => item.deposit(account, '1.00');
  const transfer = () => item.transfer(account, other, '1.00');
  const multiLeg = () => item.multiLeg({ [account]: '-1.00', [other]: '1.00' });

  test.each<[string, () => unknown[], string[]]>([
    ['null', () => [...goodItems().slice(0, 3), null], ['items.3']],
    ['text', () => [...goodItems().slice(0, 3), 'deposit'], ['items.3']],
    ['in a list', () => [...goodItems().slice(0, 3), [deposit()]], ['items.3']],
    ['of no type', () => withLast(deposit(), { type: undefined }), ['items.3.type']],
    ['of an unknown type', () => withLast(deposit(), { type: 'refund' }), ['items.3.type']],
    ['of a type in other letters', () => withLast(deposit(), { type: 'Deposit' }), ['items.3.type']],
    ['of a type in the plural', () => withLast(deposit(), { type: 'deposits' }), ['items.3.type']],
    ['of a type that every object has', () => withLast(deposit(), { type: 'constructor' }), ['items.3.type']],
    ['of a type that is no text', () => withLast(deposit(), { type: ['deposit'] }), ['items.3.type']],
    ['without an account', () => withLast(deposit(), { accountId: undefined }), ['items.3.accountId']],
    ['with an account that is no id', () => withLast(deposit(), { accountId: 'a' }), ['items.3.accountId']],
    ['with an amount that is a number', () => withLast(deposit(), { amount: 1 }), ['items.3.amount']],
    ['with too many decimals', () => withLast(deposit(), { amount: '1.001' }), ['items.3.amount']],
    ['with an amount of zero', () => withLast(deposit(), { amount: '0.00' }), ['items.3.amount']],
    ['with an amount below zero', () => withLast(transfer(), { amount: '-1.00' }), ['items.3.amount']],
    [
      'with an amount that is too large',
      () => withLast(deposit(), { amount: '1000000000000000000' }),
      ['items.3.amount'],
    ],
    ['with an unknown currency', () => withLast(deposit(), { currency: 'usd' }), ['items.3.currency']],
    ['with a misspelt field', () => withLast(deposit(), { ammount: '1.00' }), ['items.3.ammount']],
    ['with a field of a transfer', () => withLast(deposit(), { toAccountId: other }), ['items.3.toAccountId']],
    ['with a field of a deposit', () => withLast(transfer(), { accountId: other }), ['items.3.accountId']],
    ['with an amount beside its entries', () => withLast(multiLeg(), { amount: '1.00' }), ['items.3.amount']],
    ['of one account twice', () => withLast(transfer(), { toAccountId: account }), ['items.3.toAccountId']],
    [
      'that does not sum to zero',
      () => withLast(item.multiLeg({ [account]: '1.00', [other]: '1.00' }), {}),
      ['items.3.entries'],
    ],
    ['with an initiator that is no id', () => withLast(deposit(), { initiatedBy: 'Ann' }), ['items.3.initiatedBy']],
    ['with a day that does not exist', () => withLast(deposit(), { valueDate: '2026-02-30' }), ['items.3.valueDate']],
    ['with a batch in it', () => withLast(deposit(), { items: [] }), ['items.3.items']],
    ['with terms of its own', () => withLast(deposit(), { dryRun: true }), ['items.3.dryRun']],
  ])('%s is refused, and nothing of the batch is booked', async (_name, make, paths) => {
    await expectInvalid({ atomic: false, items: make() }, paths);
    await expectInvalid({ atomic: true, items: make() }, paths);
  });

  test('is named together with all others, 20 at most', async () => {
    const three = [{ ...deposit(), amount: 1 }, deposit(), { type: 'x' }, { ...transfer(), note: 1, currency: 'x' }];
    const paths = ['items.0.amount', 'items.2.type', 'items.3.currency', 'items.3.note'];
    await expectInvalid({ atomic: true, items: three }, paths);
    const many = Array.from({ length: 1_000 }, () => ({ ...deposit(), amount: '-1' }));
    const answer = await expectInvalid(
      { atomic: true, items: many },
      Array.from({ length: 20 }, (_, index) => `items.${index}.amount`),
    );
    expect(answer.text.length).toBeLessThan(8_000);
  });

  test('is refused for what no document may contain', async () => {
    const text = (last: string) => `{"atomic":false,"items":[${JSON.stringify(deposit())},${last}]}`;
    const fields = `"type":"deposit","accountId":"${account}","currency":"USD"`;
    const nest = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    await leavingTheBooksAlone(service, async () => {
      for (const [last, field] of [
        [`{${fields},"amount":"1.00","amount":"2.00"}`, 'items.1.amount'],
        [`{${fields},"amount":"1.00","description":"\\u0000"}`, 'items.1.description'],
        [`{${fields},"amount":"1.00","metadata":{"a":12345678901234567890}}`, 'items.1.metadata.a'],
        [`{${fields},"amount":"1.00","metadata":${nest(14)}}`, `items.1.metadata${'.a'.repeat(14)}`],
      ] as const) {
        expectProblem(await sendRaw(service, { path, body: text(last) }), 'validation_failed', [field]);
      }
      const polluting = text(`{${fields},"amount":"1.00","__proto__":{"initiatedBy":"${nobody}"}}`);
      expectProblem(await sendRaw(service, { path, body: polluting }), 'malformed_json');
    });
    const deepest = await sendRaw(service, { path, body: text(`{${fields},"amount":"1.00","metadata":${nest(13)}}`) });
    expect(deepest.body.results.map(({ status }: { status: number }) => status)).toEqual([201, 201]);
  });
});

describe('the keys', () => {
  const keyed = (...keys: unknown[]) =>
    keys.map((idempotencyKey) => ({ ...item.deposit(account, '1.00'), idempotencyKey }));

  test.each([
    ['empty', ''],
    ['with a space', 'a b'],
    ['of 256 characters', 'x'.repeat(256)],
    ['outside ASCII', 'schlüssel'],
    ['with a line break', 'a\n'],
    ['that is a number', 1],
    ['in a list', ['a']],
  ])('of an item must not be one %s', async (_name, key) => {
    await expectInvalid({ atomic: true, items: keyed('fine', key) }, ['items.1.idempotencyKey']);
  });

  test('must all differ, whatever their items say', async () => {
    const twice = await expectInvalid({ atomic: false, items: keyed('a', 'b', 'a', undefined, 'b', 'a') }, [
      'items.2.idempotencyKey',
      'items.4.idempotencyKey',
      'items.5.idempotencyKey',
    ]);
    expect(twice.body.errors[0].message).toMatch(/must differ/);
    await expectInvalid({ atomic: true, items: keyed('a', undefined, 'never-used') }, ['items.2.idempotencyKey']);
  });

  test('may be as long as 255 characters, be null for none, and differ in case only', async () => {
    const answer = await send({ atomic: true, items: keyed('x'.repeat(255), null, 'Case', 'case') });
    expect([answer.status, answer.body.results?.length]).toEqual([200, 4]);
  });
});

describe('the body', () => {
  const good = () => JSON.stringify({ atomic: true, items: [item.deposit(account, '1.00')] });
  const json = { 'content-type': 'application/json' };

  test('may have 2 MiB and is refused with one byte more, announced or chunked', async () => {
    const largest = Buffer.from(good().padEnd(mebibytes2));
    expect((await sendRaw(service, { path, body: largest })).status).toBe(200);
    expect((await sendRaw(service, { path, body: [largest] })).status).toBe(200);
    const larger = Buffer.from(good().padEnd(mebibytes2 + 1));
    await leavingTheBooksAlone(service, async () => {
      for (const body of [larger, [larger]]) {
        const answer = await sendRaw(service, { path, body });
        expectProblem(answer, 'payload_too_large');
        expect(answer.body.detail).toMatch('2048 KiB');
      }
    });
  });

  test('may have more than 64 KiB only here', async () => {
    const items = Array.from({ length: 1_000 }, () => item.deposit(account, '0.01'));
    const body = JSON.stringify({ atomic: true, items });
    expect(body.length).toBeGreaterThan(64 * 1024);
    expect((await sendRaw(service, { path, body })).status).toBe(200);
    await leavingTheBooksAlone(service, async () => {
      const multiLeg = JSON.stringify({ entries: [] }).padEnd(64 * 1024 + 1);
      for (const elsewhere of ['/v1/transactions', '/v1/transfers']) {
        expectProblem(await sendRaw(service, { path: elsewhere, body: multiLeg }), 'payload_too_large');
      }
      for (const similar of ['/v1/batches/', '/v1/Batches', '/v1/batches/x', '/v1/batch']) {
        expectProblem(await sendRaw(service, { path: similar, body: good() }), 'route_not_found');
      }
    });
  });

  test('is looked at before the method, as at every other address', async () => {
    const put = { method: 'PUT', path };
    const steps: Array<[RawRequest, string, string?]> = [
      [
        { ...put, body: Buffer.alloc(mebibytes2 + 1, '['), headers: { 'content-type': 'text/plain' } },
        'unsupported_media_type',
      ],
      [{ ...put, body: good(), headers: { ...json, 'content-encoding': 'gzip' } }, 'unsupported_media_type'],
      [{ ...put, body: Buffer.alloc(mebibytes2 + 1, '[') }, 'payload_too_large'],
      [{ ...put, body: '{' }, 'malformed_json'],
      [{ ...put, body: Buffer.from([0x7b, 0xff]) }, 'malformed_json'],
      [{ ...put, body: '{"a":1,"a":2}' }, 'validation_failed', 'a'],
      [{ ...put, body: '{"a":1}' }, 'method_not_allowed'],
      [put, 'method_not_allowed'],
    ];
    await leavingTheBooksAlone(service, async () => {
      for (const [request, code, field] of steps) {
        const { body } = await sendRaw(service, request);
        expect([body.code, body.errors?.[0].path]).toEqual([code, field]);
      }
    });
  });

  test('is answered briefly however much is wrong with it', async () => {
    const bodies = [
      `{"atomic":true,"items":[${Array(500_000).fill('{}').join()}]}`,
      `{${Array.from({ length: 100_000 }, (_, index) => `"surprise${index}":1`).join()}}`,
      `{"a":"${'\\"'.repeat(900_000)}"}`,
      '['.repeat(mebibytes2),
    ];
    await leavingTheBooksAlone(service, async () => {
      for (const body of bodies) {
        const answer = await sendRaw(service, { path, body });
        expect(answer.status).toBe(400);
        expect(answer.text.length).toBeLessThan(8_000);
      }
    });
  });
});
