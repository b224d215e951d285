import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/test-service.ts';

// What is shown is what is signed.

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

test.each([
  ['a name of a party', '/v1/parties', 'name', { name: 'x' }],
  ['an external id of a party', '/v1/parties', 'externalId', { name: 'x' }],
  ['a name of an account', '/v1/accounts', 'name', { currency: 'USD' }],
  ['an external id of an account', '/v1/accounts', 'externalId', { name: 'x', currency: 'USD' }],
])('%s has no control characters, and none that turn text around', async (_, path, field, fields) => {
  for (const text of ['Ann\u202eboB', 'Ann\u2066boB\u2069', 'Ann\nBob', 'Ann\u0007', 'Ann\u0085']) {
    const { status, body } = await service.client.post(path, { ...fields, [field]: text });
    expect([status, body.errors?.[0]]).toEqual([
      400,
      { in: 'body', path: field, message: 'must not have control characters or bidirectional overrides' },
    ]);
  }
});

test('characters are composed, so that one name is one text', async () => {
  const { client } = service;
  const decomposed = 'Zoe\u0301';
  const made = await client.post('/v1/parties', { name: decomposed, externalId: decomposed });
  expect(made.body).toMatchObject({ name: 'Zoé', externalId: 'Zoé' });
  for (const externalId of [decomposed, 'Zoé']) {
    const found = await client.get(`/v1/parties/by-external-id/${encodeURIComponent(externalId)}`);
    expect([found.status, found.body.id]).toEqual([200, made.body.id]);
  }
});
