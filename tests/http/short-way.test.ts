import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Request, Response } from 'express';
import { v7 as uuidv7 } from 'uuid';
import type { Caller } from '../../src/http/caller.ts';
import { post } from '../../src/http/route.ts';
import type { ServiceParts } from '../../src/http/service-parts.ts';
import { createShortWay } from '../../src/http/short-way.ts';
import { depositBody } from '../../src/movements/movement-schemas.ts';
import { plainMovement } from '../../src/movements/plain-bodies.ts';
import { untilNoted } from '../support/audit-trail.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { type RawAnswer, type RawRequest, sendRaw } from '../support/raw-request.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// A query goes the long way, and `dryRun=false` says nothing: so every request can be sent both ways.

let service: TestService;
let account: string;
let other: string;

beforeAll(async () => {
  service = await startTestService();
  account = await service.client.openAccount({ balance: '1000.00' });
  other = await service.client.openAccount({ balance: '10.00' });
});

afterAll(() => service.stop());

const both = async (request: RawRequest) => {
  const short = await sendRaw(service, request);
  const long = await sendRaw(service, { ...request, path: `${request.path}?dryRun=false` });
  return [short, long] as const;
};

/** What differs from one request to the next, and nothing else. */
function comparable({ status, headers, text }: RawAnswer) {
  const { date: _date, 'x-request-id': requestId, 'content-length': length, ...others } = headers;
  const changing = /"(id|bookedAt|requestId|balanceAfter|version|valueDate)":("[^"]*"|\d+)/g;
  return {
    status,
    body: text.replace(changing, '"$1":"-"'),
    headers: {
      ...others,
      etag: others.etag && '-',
      location: (others.location as string | undefined)?.replace(/[^/]+$/, '-'),
    },
    has: [requestId !== undefined, length === String(Buffer.byteLength(text))],
  };
}

const money = { amount: '1.00', currency: 'USD' };
const deposits = () => `/v1/accounts/${account}/deposits`;
const withdrawals = () => `/v1/accounts/${account}/withdrawals`;
const transfer = () => ({ fromAccountId: account, toAccountId: other, ...money });

const cases: ReadonlyArray<[string, number, () => RawRequest]> = [
  ['a deposit', 201, () => ({ path: deposits(), body: JSON.stringify(money) })],
  ['a withdrawal', 201, () => ({ path: withdrawals(), body: JSON.stringify({ ...money, description: 'Cash' }) })],
  ['a transfer', 201, () => ({ path: '/v1/transfers', body: JSON.stringify(transfer()) })],
  ['spaces', 201, () => ({ path: '/v1/transfers', body: JSON.stringify(transfer(), null, 2) })],
  [
    'nothings',
    201,
    () => ({ path: deposits(), body: JSON.stringify({ ...money, initiatedBy: null, reference: null }) }),
  ],
  [
    'other letters',
    201,
    () => ({ path: deposits(), body: JSON.stringify({ ...money, description: 'Müll & "Söhne"' }) }),
  ],
  ['too little money', 422, () => ({ path: withdrawals(), body: JSON.stringify({ ...money, amount: '99999.00' }) })],
  ['no such account', 404, () => ({ path: `/v1/accounts/${uuidv7()}/deposits`, body: JSON.stringify(money) })],
  ['another currency', 422, () => ({ path: deposits(), body: JSON.stringify({ ...money, currency: 'EUR' }) })],
  ['an unknown currency', 400, () => ({ path: deposits(), body: JSON.stringify({ ...money, currency: 'toString' }) })],
  ['no such party', 404, () => ({ path: deposits(), body: JSON.stringify({ ...money, initiatedBy: uuidv7() }) })],
  ['a field twice', 400, () => ({ path: deposits(), body: '{"amount":"1.00","amount":"2.00","currency":"USD"}' })],
  ['a field twice, empty', 400, () => ({ path: deposits(), body: '{"amount":null,"amount":"2.00","currency":"USD"}' })],
  ['an unknown field', 400, () => ({ path: deposits(), body: JSON.stringify({ ...money, note: 'x' }) })],
  ['a prototype', 400, () => ({ path: deposits(), body: '{"__proto__":null,"amount":"1.00","currency":"USD"}' })],
  ['an amount that is a number', 400, () => ({ path: deposits(), body: '{"amount":1,"currency":"USD"}' })],
  ['a list', 400, () => ({ path: deposits(), body: '[]' })],
  ['nothing at all', 400, () => ({ method: 'POST', path: deposits(), body: '' })],
  ['half a body', 400, () => ({ path: deposits(), body: '{"amount":"1.00"' })],
  ['what is no UTF-8', 400, () => ({ path: deposits(), body: Buffer.from([...Buffer.from('{"amount":"1'), 0xff]) })],
  [
    'an account that pays itself',
    400,
    () => ({ path: '/v1/transfers', body: JSON.stringify({ ...transfer(), toAccountId: account }) }),
  ],
  ['large text', 400, () => ({ path: deposits(), body: JSON.stringify({ ...money, description: 'x'.repeat(5_000) }) })],
];

describe('both ways answer alike', () => {
  test.each(cases)('%s', async (_name, status, request) => {
    const [short, long] = await both(request());
    expect(short.status).toBe(status);
    expect(comparable(short)).toEqual(comparable(long));
  });

  test.each<[string, Record<string, string | undefined>]>([
    ['an unknown key', { authorization: 'Bearer jl_unknown' }],
    ['no key', { authorization: undefined }],
    ['a key that is no key', { authorization: 'Basic eA==' }],
    ['a request id', { 'X-Request-Id': 'mine-1' }],
    ['a preference', { Prefer: 'wait=3' }],
    ['a wrong tag', { 'If-Match': '"99999"' }],
    ['a key with a space', { 'Idempotency-Key': 'a b' }],
    ['another type', { 'Content-Type': 'text/plain' }],
    ['a charset', { 'Content-Type': 'application/json; charset=utf-8' }],
    ['an encoding', { 'Content-Encoding': 'gzip' }],
  ])('with %s', async (_name, headers) => {
    const [short, long] = await both({ path: deposits(), body: JSON.stringify(money), headers });
    expect(comparable(short)).toEqual(comparable(long));
  });

  test('and leave the same in the audit trail', async () => {
    const { client } = service;
    const stranger = await client.createParty('Stranger');
    const { id: account } = await openJointAccount(client, { holder: {} }, { balance: '1.00' });
    const body = JSON.stringify({ ...money, initiatedBy: stranger });
    const [short, long] = await both({ path: `/v1/accounts/${account}/withdrawals`, body });
    expect([short.status, long.status]).toEqual([403, 403]);
    await untilNoted(service, client);
    const noted = await service
      .rows('audit_entries')
      .whereIn(
        'request_id',
        [short, long].map(({ headers }) => headers['x-request-id'] as string),
      )
      .select('key_id', 'party_id', 'channel', 'action', 'method', 'path', 'status', 'code', 'subject_id');
    expect(noted[0]).toEqual(noted[1]);
    expect(noted[0]!.path).toBe(`/v1/accounts/${account}/withdrawals`);
  });

  test('and stand for one request under one key', async () => {
    const request = (key: string) => ({
      path: '/v1/transfers',
      body: JSON.stringify({ ...transfer(), reference: 'Rent' }),
      headers: { 'Idempotency-Key': key },
    });
    const [short, long] = await both(request(uuidv7()));
    expect(long.headers['idempotent-replayed']).toBe('true');
    expect(long.text).toBe(short.text);
    expect(long.headers.etag).toBe(short.headers.etag);
  });
});

describe('the short way', () => {
  const caller = { boundParty: null, scopes: ['movements:write'], ledgerId: uuidv7(), keyId: uuidv7() };
  const route = post(
    '/accounts/:accountId/deposits',
    {
      ...{ summary: 'Pay in', keys: 'any', scope: 'movements:write', body: depositBody, plain: plainMovement },
      ...{ offers: { prefer: true, idempotencyKey: true, ifMatch: true }, answers: {} },
    },
    async () => ({ status: 201, body: {} }),
  );
  const usual = {
    method: 'POST',
    url: `/v1/accounts/${uuidv7()}/deposits`,
    headers: {
      host: 'localhost',
      authorization: 'Bearer key',
      'content-type': 'application/json',
      'content-length': '9',
    },
  };

  function takes(
    request: { method?: string; url?: string; headers?: Record<string, string | undefined>; httpVersion?: string },
    { known = caller, ...parts }: { known?: object | undefined; requireTls?: boolean; rateLimits?: object } = {},
  ): boolean {
    const shortWay = createShortWay(
      [route],
      {
        ...{ draining: new AbortController().signal, requireTls: false, rateLimits: { service: null } },
        ...parts,
      } as unknown as ServiceParts,
      { recall: () => known as Caller | undefined, begin: () => {}, go: () => {} },
    );
    const headers = { ...usual.headers, ...request.headers };
    const rawHeaders = Object.entries(headers).flatMap(([name, value]) => [name, value ?? '']);
    const req = { ...usual, httpVersion: '1.1', on: () => {}, ...request, headers, rawHeaders };
    return shortWay(req as unknown as Request, {} as Response);
  }

  test('is for what is usual', () => {
    expect(takes({})).toBe(true);
    expect(takes({ headers: { 'idempotency-key': 'k-1', 'user-agent': 'x', accept: '*/*' } })).toBe(true);
  });

  test.each<[string, Parameters<typeof takes>[0], Parameters<typeof takes>[1]?]>([
    ['another method', { method: 'PUT' }],
    ['a query', { url: `${usual.url}?dryRun=true` }],
    ['capitals in an id', { url: usual.url.toUpperCase() }],
    ['another address', { url: '/v1/accounts' }],
    ['HTTP/1.0', { httpVersion: '1.0' }],
    ['a large body', { headers: { 'content-length': '5000' } }],
    ['a length that is none', { headers: { 'content-length': undefined } }],
    ['chunks', { headers: { 'transfer-encoding': 'chunked' } }],
    ['a preference', { headers: { prefer: 'wait=0' } }],
    ['an entity tag', { headers: { 'if-match': '"1"' } }],
    ['a key of a party', {}, { known: { ...caller, boundParty: uuidv7() } }],
    ['a key for something else', {}, { known: { ...caller, scopes: ['accounts:read'] } }],
    ['keys whose requests are counted', {}, { rateLimits: { service: { perSecond: 1, burst: 1 } } }],
    ['a service that takes TLS alone', {}, { requireTls: true }],
  ])('is not for %s', (_name, request, parts = {}) => {
    expect(takes(request, parts)).toBe(false);
  });
});
