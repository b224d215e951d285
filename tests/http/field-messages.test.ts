import { expect, test } from '@jest/globals';
import { z } from 'zod';
import type { FieldError } from '../../src/errors/invalid-input.ts';
import { id, readInput, text } from '../../src/http/read-input.ts';
import { batchBody } from '../../src/movements/movement-schemas.ts';
import { signatureBody } from '../../src/signatures/read-signature.ts';
import { standingOrderBody } from '../../src/standing-orders/standing-order-schemas.ts';
import { routes } from '../support/routes.ts';

function messagesOf(read: () => unknown): Record<string, string[]> {
  try {
    read();
  } catch (error) {
    const { errors } = (error as { refusal: { facts: { errors: FieldError[] } } }).refusal.facts;
    const said: Record<string, string[]> = {};
    for (const { path, message } of errors) said[path] = [...(said[path] ?? []), message];
    return said;
  }
  throw new Error('nothing was refused');
}

test('a message says what to write, in the words of JSON, where a schema says nothing of its own', () => {
  const schema = z.strictObject({
    name: text(5),
    count: z.number(),
    isOpen: z.boolean(),
    rule: z.enum(['any', 'all']),
    list: z.array(z.string()),
    inside: z.strictObject({}),
    weights: z.record(id, z.int()),
    whole: z.int().min(1).max(50),
  });
  expect(messagesOf(() => readInput(schema, {}))).toEqual(
    Object.fromEntries(Object.keys(schema.shape).map((name) => [name, ['is required']])),
  );
  const wrong = { name: '', count: '1', isOpen: 0, rule: 'some', list: {}, inside: [], weights: 1, whole: 1.5 };
  expect(messagesOf(() => readInput(schema, wrong))).toEqual({
    name: ['must have 1 to 5 characters'],
    count: ['must be a number'],
    isOpen: ['must be true or false'],
    rule: ['must be "any" or "all"'],
    list: ['must be a list'],
    inside: ['must be an object'],
    weights: ['must be an object'],
    whole: ['must be a whole number'],
  });
  expect(messagesOf(() => readInput(schema, []))).toEqual({ '': ['must be an object'] });
  expect(messagesOf(() => readInput(schema, undefined))).toEqual({ '': ['a JSON body is required'] });
});

test.each(
  routes.flatMap(({ id, method, body }) => (body === undefined || method === 'get' ? [] : [[id!, body] as const])),
)('%s says of all that it needs that it is required, whatever its type', (_id, body) => {
  const messages = body.safeParse({}).success ? {} : messagesOf(() => readInput(body, {}));
  for (const [path, told] of Object.entries(messages)) {
    if (path !== '') expect(told).toEqual([expect.stringMatching(/^is required/)]);
  }
});

test('of a union, too, the field that tells its members apart', () => {
  const batch = routes.find(({ id }) => id === 'createBatch')!.body!;
  const items = [{}, { type: 'loan' }, { type: 'transfer' }];
  expect(messagesOf(() => readInput(batch, { atomic: true, items }))).toMatchObject({
    'items.0.type': ['is required'],
    'items.1.type': [expect.stringMatching(/^must be one of/)],
    'items.2.amount': ['is required'],
  });
});

test('a message says what the limits are', () => {
  const schema = z.strictObject({
    few: z.array(z.int()).min(1),
    many: z.array(z.int()).max(1),
    small: z.int().min(1),
    large: z.int().max(50),
    long: z.string().max(2),
    weights: z.record(id, z.int()),
  });
  const wrong = { few: [], many: [1, 2], small: 0, large: 51, long: 'abc', weights: { x: 1 } };
  expect(messagesOf(() => readInput(schema, wrong))).toEqual({
    few: ['must have at least 1 items'],
    many: ['must have at most 1 items'],
    small: ['must be at least 1'],
    large: ['must be at most 50'],
    long: ['must have at most 2 characters'],
    'weights.x': ['is no name that may stand here: it must be a UUID'],
  });
});

test.each<[string, () => unknown, Record<string, string[]>]>([
  [
    'an item that is no object',
    () => readInput(batchBody, { atomic: true, items: [null, { type: 'loan' }] }),
    {
      'items.0': ['must be an object with the "type" of a movement'],
      'items.1.type': ['must be one of "deposit", "withdrawal", "transfer", "multi_leg"'],
    },
  ],
  ['a standing order that is a list', () => readInput(standingOrderBody, []), { '': ['must be an object'] }],
  [
    'a hash in capitals',
    () => readInput(signatureBody('order'), { decision: 'approve', instructionHash: 'A'.repeat(64) }),
    { instructionHash: ['must be the instructionHash of the order: 64 hexadecimal digits, in lower case'] },
  ],
])('so it does for %s', (_what, read, messages) => {
  expect(messagesOf(read)).toEqual(messages);
});
