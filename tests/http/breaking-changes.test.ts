import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { type Description, findBreakingChanges } from '../support/check-api/breaking-changes.ts';
import { projectFolder } from '../support/server-process.ts';

const committed: Description = JSON.parse(readFileSync(path.join(projectFolder, 'openapi.json'), 'utf8'));

/** A description that has one call of each kind, small enough to be read. */
function describeThings() {
  return {
    info: { version: '1.0.0' },
    paths: {
      '/things': {
        get: {
          operationId: 'listThings',
          security: [{ anyKey: [] }],
          parameters: [
            { name: 'limit', in: 'query', required: false, schema: { type: 'string', pattern: '^[0-9]+$' } },
            { $ref: '#/components/parameters/Prefer' },
          ] as object[],
          responses: { 200: answerOf({ type: 'array', items: thing }) } as Record<string, object>,
        },
        post: {
          operationId: 'createThing',
          security: [{ serviceKey: [] }],
          requestBody: { required: true, content: { 'application/json': { schema: newThing() as object } } },
          responses: { 201: answerOf(thing), 202: answerOf(thing) } as Record<string, object>,
        },
      },
    } as Record<string, Record<string, object>>,
    components: {
      schemas: {
        Thing: {
          type: 'object',
          required: ['id', 'kind'],
          properties: {
            id: { type: 'string', format: 'uuid' },
            kind: { enum: ['big', 'small'] },
            note: { anyOf: [{ type: 'string', maxLength: 10 }, { type: 'null' }] } as object,
            part: thing,
          } as Record<string, object>,
        },
      },
      parameters: { Prefer: { name: 'Prefer', in: 'header', schema: { type: 'string' } } },
    },
  };
}

const thing = { $ref: '#/components/schemas/Thing' };
const answerOf = (schema: object) => ({ content: { 'application/json': { schema } } });

function newThing(): { required: string[]; properties: Record<string, object>; type: string } & object {
  const properties = {
    kind: { type: 'string', enum: ['big', 'small'] },
    count: { type: 'integer', minimum: 1, maximum: 9 },
    name: { type: 'string', minLength: 1 },
  };
  return { type: 'object', required: ['kind'], properties, ...{ additionalProperties: false } };
}

type Things = ReturnType<typeof describeThings>;
// biome-ignore lint/suspicious/noExplicitAny: what is changed is not of the type any more.
type Change = (after: any) => void;

function changesBy(change: Change): string[] {
  const [before, after] = [describeThings(), describeThings()];
  change(after);
  return findBreakingChanges(before as unknown as Description, after as Things as unknown as Description);
}

const bodyOf = ({ paths }: { paths: Things['paths'] }) =>
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  (paths['/things']!.post as any).requestBody.content['application/json'].schema;

test('a description breaks nobody who knows it', () => {
  expect(findBreakingChanges(committed, committed)).toEqual([]);
  expect(changesBy(() => {})).toEqual([]);
});

test.each<[string, Change, string[]]>([
  ['a path', (after) => delete after.paths['/things'], ['GET /things is gone', 'POST /things is gone']],
  ['a method', (after) => delete after.paths['/things'].post, ['POST /things is gone']],
  ['a name', (after) => (after.paths['/things'].get.operationId = 'things'), ['GET /things: is called things now']],
  [
    'whose keys may call',
    (after) => (after.paths['/things'].get.security = [{ serviceKey: [] }]),
    ['GET /things: takes serviceKey only'],
  ],
  [
    'a status',
    (after) => delete after.paths['/things'].post.responses[202],
    ['POST /things: is no longer answered by 202'],
  ],
  [
    'a parameter',
    (after) => after.paths['/things'].get.parameters.pop(),
    ['GET /things: the header parameter Prefer is taken no longer'],
  ],
  [
    'a parameter that is required',
    (after) => after.paths['/things'].get.parameters.push({ name: 'of', in: 'query', required: true, schema: {} }),
    ['GET /things: the query parameter of is required now'],
  ],
  [
    'a pattern of a parameter',
    (after) => (after.paths['/things'].get.parameters[0].schema.pattern = '^[1-9]$'),
    ['GET /things: the query parameter limit must have the pattern ^[1-9]$'],
  ],
  [
    'a field that must be sent',
    (after) => bodyOf(after).required.push('name'),
    ['POST /things: the body.name is required'],
  ],
  [
    'a field that may not be sent',
    (after) => delete bodyOf(after).properties.name,
    ['POST /things: the body.name is taken no longer'],
  ],
  [
    'a value that may not be sent',
    (after) => bodyOf(after).properties.kind.enum.pop(),
    ['POST /things: the body.kind may not be small'],
  ],
  [
    'a type that is sent',
    (after) => (bodyOf(after).properties.count = { type: 'string' }),
    ['POST /things: the body.count may not be integer'],
  ],
  [
    'a bound of what is sent',
    (after) => (bodyOf(after).properties.count.maximum = 8),
    ['POST /things: the body.count must keep to the maximum 8'],
  ],
  ['a body', (after) => delete after.paths['/things'].post.requestBody, ['POST /things: a body is taken no longer']],
])('names what breaks callers: %s', (_what, change, expected) => {
  expect(changesBy(change)).toEqual(expected);
});

const answers = ['GET /things: the answer 200[]', 'POST /things: the answer 201', 'POST /things: the answer 202'];

test.each<[string, Change, string]>([
  ['a field that is gone', (after) => delete after.components.schemas.Thing.properties.note, '.note is gone'],
  ['a field that may be missing', (after) => after.components.schemas.Thing.required.pop(), '.kind may be missing'],
  [
    'a value that was never answered',
    (after) => after.components.schemas.Thing.properties.kind.enum.push('huge'),
    '.kind may not be huge',
  ],
  [
    'a null that was never answered',
    (after) => (after.components.schemas.Thing.properties.id.type = ['string', 'null']),
    '.id may not be null',
  ],
  [
    'a longer text',
    (after) => (after.components.schemas.Thing.properties.note.anyOf[0].maxLength = 11),
    '.note must keep to the maxLength 10',
  ],
])('names what breaks readers of answers: %s', (_what, change, expected) => {
  expect(changesBy(change)).toEqual(answers.map((answer) => answer + expected));
});

test.each<[string, Change]>([
  ['a call', (after) => (after.paths['/others'] = { get: { operationId: 'x', responses: {} } })],
  ['an optional parameter', (after) => after.paths['/things'].get.parameters.push({ name: 'of', in: 'query' })],
  ['an optional field', (after) => (bodyOf(after).properties.more = { type: 'string' })],
  ['a value that may be sent', (after) => bodyOf(after).properties.kind.enum.push('huge')],
  ['a wider bound', (after) => (bodyOf(after).properties.count.minimum = 0)],
  ['a number instead of a whole one', (after) => (bodyOf(after).properties.count.type = 'number')],
  ['a field of an answer', (after) => (after.components.schemas.Thing.properties.more = { type: 'string' })],
  ['an answer that says less', (after) => after.components.schemas.Thing.properties.kind.enum.pop()],
  ['a call for all keys', (after) => (after.paths['/things'].post.security = [{ serviceKey: [] }, { anyKey: [] }])],
])('lets pass what breaks nobody: %s', (_what, change) => {
  expect(changesBy(change)).toEqual([]);
});
