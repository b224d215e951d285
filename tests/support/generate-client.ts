import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { projectFolder } from './server-process.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  /** Of the problem documents. */
  readonly 'x-retries'?: Readonly<Record<string, { readonly request: string }>>;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: Content & { readonly required: boolean };
  readonly responses: Readonly<Record<string, Content>>;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** What the client knows of the API: the types and calls of the description, as the file that is committed. */
export function generateClient({ paths, components }: Description): string {
  const { schemas } = components;
  const retried = Object.entries(schemas.Problem!['x-retries']!).filter(([, { request }]) => request === 'same');
  const operations = Object.entries(paths).flatMap(([address, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => hasJson(operation))
      .map(([method, operation]) => ({ address, method, operation })),
  );
  const file = [
    '// Written by `npm run api:describe` from openapi.json.',
    ...Object.entries(schemas).map(([name, schema]) => `export type ${name} = ${typeOf(schema)};`),
    "export type ErrorCode = Problem['code'];",
    '/** What each call takes and answers; `dryAnswer` with `dryRun: true`, where that makes a difference. */',
    `export interface Operations {\n${operations.map(({ operation }) => typeOfOperation(operation, schemas)).join('\n')}\n}`,
    '/** Where each call goes, and where what it takes belongs; all else belongs into its body. */',
    'export const operations = {',
    ...operations.map(({ address, method, operation }) => placeOf(address, method, operation)),
    '} as const;',
    '/** The refusals after which the same request can help. */',
    `export const retriedCodes: readonly string[] = ${JSON.stringify(retried.map(([code]) => code))};`,
  ].join('\n\n');
  return formatted(file);
}

/** Streams and texts are no calls that answer a document. */
function hasJson({ responses }: Operation): boolean {
  const contents = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  return contents.every(([, { content }]) => content === undefined || 'application/json' in content);
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1)!;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants !== undefined) return [...new Set(variants.map(typeOf))].map((type) => `(${type})`).join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ');
  switch (schema.type) {
    case 'integer':
      return 'number';
    case 'array':
      return `readonly (${typeOf(schema.items ?? {})})[]`;
    case 'object':
      return typeOfObject(schema);
    case undefined:
      return 'unknown';
    default:
      return String(schema.type);
  }
}

function typeOfObject({ properties, required = [], additionalProperties }: Schema): string {
  const rest = typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown';
  if (properties === undefined) return `Readonly<Record<string, ${rest}>>`;
  const fields = Object.entries(properties).map(([name, field]) => fieldOf(name, field, required.includes(name)));
  const open = typeof additionalProperties === 'object' ? ['readonly [more: string]: unknown;'] : [];
  return `{ ${[...fields, ...open].join(' ')} }`;
}

function fieldOf(name: string, schema: Schema, isRequired: boolean): string {
  const key = /^\w+$/.test(name) ? name : JSON.stringify(name);
  return isRequired ? `readonly ${key}: ${typeOf(schema)};` : `readonly ${key}?: ${typeOf(schema)} | undefined;`;
}

const bodyOf = ({ requestBody }: Operation) => requestBody?.content?.['application/json']?.schema;
const named = ({ parameters }: Operation) => parameters.filter(({ $ref }) => $ref === undefined);
const isDryRun = ({ name }: Parameter) => name === 'dryRun';

/** Throws where one name stands in two places of a request: what is sent is one object. */
function typeOfOperation(operation: Operation, schemas: Description['components']['schemas']): string {
  const body = bodyOf(operation);
  const twice = named(operation).filter(({ name }) => body?.properties?.[name] !== undefined);
  if (twice.length > 0) throw new Error(`${operation.operationId} takes ${twice[0]!.name} in two places`);
  const parameters = named(operation).filter((parameter) => !isDryRun(parameter));
  const fields = parameters.map(({ name, schema, required }) => fieldOf(name, schema, required));
  const input = [...(fields.length > 0 ? [`{ ${fields.join(' ')} }`] : []), ...(body ? [`(${typeOf(body)})`] : [])];
  const { dry, own } = answersOf(operation, schemas);
  const typesOf = (answers: readonly Schema[]) => [...new Set(answers.map(typeOf))].join(' | ') || 'undefined';
  return `/** ${operation.summary}. */
    ${operation.operationId}: {
      input: ${input.join(' & ') || 'Record<never, never>'};
      answer: ${typesOf(own)};
      ${named(operation).some(isDryRun) ? `dryAnswer: ${typesOf(dry)};` : ''}
    };`;
}

/**
 * What a call answers when it is made, and when it is only tried. A dry run answers 200; where other calls do as well,
 * its documents say `dry_run`, or do deeper inside.
 */
function answersOf(operation: Operation, schemas: Description['components']['schemas']) {
  const all = Object.entries(operation.responses).flatMap(([status, { content }]) => {
    const schema = content?.['application/json']?.schema;
    if (!status.startsWith('2') || schema === undefined) return [];
    return (schema.anyOf ?? schema.oneOf ?? [schema]).map((document) => ({ status, document }));
  });
  const isDry = ({ $ref, properties = {} }: Schema): boolean =>
    $ref === undefined ? properties.status?.const === 'dry_run' : isDry(schemas[$ref.split('/').at(-1)!]!);
  const marked = all.filter(({ document }) => isDry(document));
  const others = all.filter((answer) => !marked.includes(answer));
  const isWhole = marked.length === 0 && others.some(({ status }) => status !== '200');
  const [dry, own] = isWhole
    ? [others.filter(({ status }) => status === '200'), others.filter(({ status }) => status !== '200')]
    : [marked.length === 0 ? others : marked, others];
  const isTried = operation.parameters.some(isDryRun);
  const documents = (some: typeof all) => some.map(({ document }) => document);
  return { dry: documents(dry), own: documents(isTried ? own : all) };
}

function placeOf(address: string, method: string, operation: Operation): string {
  const query = named(operation).filter((parameter) => parameter.in === 'query');
  const hasKey = operation.parameters.some(({ $ref }) => $ref?.endsWith('/Idempotency-Key'));
  const place = {
    method: method.toUpperCase(),
    path: address,
    query: query.map(({ name }) => name),
    hasBody: bodyOf(operation) !== undefined,
    hasKey,
  };
  return `${operation.operationId}: ${JSON.stringify(place)},`;
}

function formatted(text: string): string {
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
  const args = [biome, 'check', '--write', '--stdin-file-path=src/client/known-api.ts'];
  return execFileSync(process.execPath, args, { cwd: projectFolder, input: text, encoding: 'utf8' });
}
