import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { type ErrorCode, errorTitles } from '../errors/error-catalogue.ts';
import { describeRetry, errorRetries } from '../errors/error-retries.ts';
import { describeSchema, type Schemas } from './describe-schema.ts';
import { problemMediaType, problemMembers } from './problem.ts';
import { problemStatus } from './problem-status.ts';
import { expectedTag, idempotencyKey, trueOrFalse } from './read-input.ts';
import type { Offers, Route } from './route.ts';
import { sharedRefusals } from './shared-refusals.ts';

/** Routes that the description shows together. */
export interface RouteGroup {
  readonly name: string;
  /** What they are about, in a sentence. */
  readonly about: string;
  readonly routes: readonly Route[];
}

interface OfferedHeader {
  readonly offered: keyof Offers;
  readonly schema: z.ZodType;
  readonly description: string;
}

/**
 * Headers that routes offer, each described once. What is an example of one would stand in every call that is made up
 * from the description: one key for different requests, the tag of another account.
 */
const headers: Readonly<Record<string, OfferedHeader>> = {
  'Idempotency-Key': {
    offered: 'idempotencyKey',
    schema: idempotencyKey,
    description:
      'Makes the call once, however often it is sent: 1 to 255 visible ASCII characters without spaces, such as ' +
      '`salary-2026-11`, another one for each call.',
  },
  Prefer: {
    offered: 'prefer',
    schema: z.string(),
    description: '`wait=3`: for how many seconds to wait for accounts that others have locked (RFC 7240).',
  },
  'If-Match': {
    offered: 'ifMatch',
    schema: expectedTag,
    description:
      'The `ETag` of the account as it was read, such as `"8-2"`: the call is refused when it has changed (RFC 9110).',
  },
  'Last-Event-ID': {
    offered: 'lastEventId',
    schema: z.string(),
    description: 'The id of the event behind which to go on, or a cursor of the log, or `begin`.',
  },
};

const dryRun = z.object({ dryRun: trueOrFalse.optional() });

/** What the answers carry besides their bodies. */
const answerHeaders = {
  ETag: { description: 'Version and revision of the account, for `If-Match`.', schema: { type: 'string' } },
  Location: { description: 'Where what was made can be read.', schema: { type: 'string' } },
  'Idempotent-Replayed': {
    description: 'That it is the stored answer to an earlier call with the same idempotency key.',
    schema: { type: 'string', enum: ['true'] },
  },
  'Retry-After': { description: 'After how many seconds to try again.', schema: { type: 'integer' } },
};

/** What operations refer to, gathered while they are described. */
interface Parts {
  readonly schemas: Schemas;
  /** By their codes. */
  readonly refusals: Map<string, { name: string; response: object }>;
  readonly codes: Set<ErrorCode>;
}

const ref = (kind: 'parameters' | 'headers' | 'schemas' | 'examples' | 'responses', name: string) => ({
  $ref: `#/components/${kind}/${name}`,
});

/**
 * The OpenAPI 3.1 description of these routes, of which those without an `id` are no part: made of their contracts and
 * nothing else.
 */
export function describeApi(groups: readonly RouteGroup[], version: string) {
  const parts: Parts = { schemas: {}, refusals: new Map(), codes: new Set() };
  const paths: Record<string, Record<string, unknown>> = {};
  const described = groups.map((group) => ({ ...group, routes: group.routes.filter(({ id }) => id !== undefined) }));
  for (const { name, routes } of described) {
    for (const route of routes) {
      const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
      paths[path] = { ...paths[path], [route.method]: describeOperation(route, name, parts) };
    }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'joint-ledger',
      version,
      summary: 'A ledger service for accounts shared by several people',
      description: 'Amounts are exact decimals in text. Problems are documents of RFC 9457; branch on their `code`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: described.filter(({ routes }) => routes.length > 0).map(({ name, about }) => ({ name, description: about })),
    paths,
    components: {
      schemas: sorted({ ...parts.schemas, Problem: describeProblem(parts.schemas) }),
      responses: Object.fromEntries([...parts.refusals.values()].map(({ name, response }) => [name, response])),
      parameters: describeParameters(parts.schemas),
      headers: answerHeaders,
      examples: Object.fromEntries([...parts.codes].sort().map((code) => [code, describeExample(code)])),
      securitySchemes: {
        serviceKey: { type: 'http', scheme: 'bearer', description: 'An API key of the service itself.' },
        anyKey: { type: 'http', scheme: 'bearer', description: 'An API key of the service, or one bound to a party.' },
      },
    },
  };
}

function sorted(schemas: Schemas): Schemas {
  return Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function describeProblem(schemas: Schemas) {
  const field = z.strictObject({
    in: z.enum(['body', 'query', 'path', 'header']),
    path: z.string(),
    message: z.string(),
  });
  const more = { requestId: z.string().optional(), errors: z.array(field).optional() };
  const described = describeSchema(z.looseObject({ ...problemMembers, ...more }), 'output', schemas);
  return { ...described, 'x-retries': errorRetries };
}

function describeParameters(schemas: Schemas) {
  const described = Object.entries(headers).map(([name, { schema, description }]) => [
    name,
    { name, in: 'header', description, schema: describeSchema(schema, 'input', schemas) },
  ]);
  return Object.fromEntries(described);
}

function describeOperation(route: Route, tag: string, parts: Parts) {
  const { schemas } = parts;
  const { id, summary, keys, scope, params, query, offers, body, examples } = route;
  const offered = Object.entries(headers).filter(([, header]) => offers?.[header.offered]);
  const named = Object.entries(examples ?? {}).map(([name, value]) => [exampleKey(name), { summary: name, value }]);
  return {
    operationId: id,
    tags: [tag],
    summary,
    security: keys === 'none' ? [] : [{ [keys === 'service' ? 'serviceKey' : 'anyKey']: [scope] }],
    parameters: [
      ...parametersOf('path', params, schemas),
      ...parametersOf('query', query, schemas),
      ...parametersOf('query', offers?.dryRun ? dryRun : undefined, schemas),
      ...offered.map(([name]) => ref('parameters', name)),
    ],
    ...(body && {
      requestBody: {
        required: !body.safeParse(undefined).success,
        content: {
          'application/json': {
            schema: describeSchema(body, 'input', schemas),
            ...(named.length > 0 && { examples: Object.fromEntries(named) }),
          },
        },
      },
    }),
    responses: { ...answersOf(route, schemas), ...refusalsOf(route, parts) },
  };
}

const exampleKey = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

function parametersOf(place: 'path' | 'query', schema: z.ZodObject | undefined, schemas: Schemas) {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = describeSchema(schema, 'input', schemas) as {
    properties?: Record<string, { type?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, of]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    // `metadata[invoice]=A-1`; by default its fields would be parameters themselves.
    ...(of.type === 'object' && { style: 'deepObject', explode: true }),
    schema: of,
  }));
}

function answersOf({ method, answers, offers, mediaType = 'application/json', mediaTypes }: Route, schemas: Schemas) {
  return Object.fromEntries(
    Object.entries(answers).map(([status, schema]) => {
      const names = [
        ...(offers?.ifMatch ? ['ETag'] : []),
        ...(offers?.idempotencyKey ? ['Idempotent-Replayed'] : []),
        ...(method !== 'get' && (status === '201' || status === '202') ? ['Location'] : []),
      ];
      const [first = mediaType, ...others] = mediaTypes?.map((type) => type.split(';')[0]!) ?? [];
      const content = {
        [first]: { schema: describeSchema(schema, 'output', schemas) },
        ...Object.fromEntries(
          others.filter((type) => type !== first).map((type) => [type, { schema: { type: 'string' } }]),
        ),
      };
      return [
        status,
        {
          description: STATUS_CODES[status]!,
          ...(names.length > 0 && { headers: Object.fromEntries(names.map((name) => [name, ref('headers', name)])) }),
          ...(status !== '204' && { content }),
        },
      ];
    }),
  );
}

/** The codes of a status stand together, because OpenAPI knows an answer by its status alone. */
function refusalsOf(route: Route, parts: Parts) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...sharedRefusals(route), ...(route.refusals ?? [])])) {
    const status = problemStatus[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
    parts.codes.add(code);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [String(status), ref('responses', nameRefusals(status, codes, parts))]),
  );
}

/** Many routes share a set of codes, which is described once. */
function nameRefusals(status: number, codes: readonly ErrorCode[], { refusals }: Parts): string {
  const key = [...codes].sort().join();
  const known = refusals.get(key);
  if (known !== undefined) return known.name;
  const ofStatus = [...refusals.values()].filter(({ name }) => name.startsWith(`Refused${status}`)).length;
  const name = ofStatus === 0 ? `Refused${status}` : `Refused${status}-${ofStatus + 1}`;
  const response = {
    description: codes.map((code) => `\`${code}\`: ${errorTitles[code]}. ${describeRetry(code)}`).join('\n\n'),
    ...((status === 409 || status === 503) && { headers: { 'Retry-After': ref('headers', 'Retry-After') } }),
    content: {
      [problemMediaType]: {
        schema: ref('schemas', 'Problem'),
        examples: Object.fromEntries(codes.map((code) => [code, ref('examples', code)])),
      },
    },
  };
  refusals.set(key, { name, response });
  return name;
}

/** What some problems say beyond what all do. */
const factsOf: Partial<Record<ErrorCode, object>> = {
  validation_failed: { errors: [{ in: 'body', path: 'amount', message: 'is required' }] },
  log_forked: { lastCommonPosition: 54, lastCommonCursor: '3-54-9f2c81d0-41.1a2b3c4d-0.8e0a4f11' },
};

function describeExample(code: ErrorCode) {
  const [title, status] = [errorTitles[code], problemStatus[code]];
  const value = {
    ...{ type: `/errors#${code}`, title, status, detail: `${title}.`, code, requestId: 'a-request-id' },
    ...factsOf[code],
  };
  return { summary: title, description: describeRetry(code), value };
}
