import { findMisfits, type Schema } from './find-misfits.ts';

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Content & { readonly required?: boolean };
  readonly responses: Readonly<Record<string, Content & { readonly $ref?: string }>>;
}

/** As much of a description as is compared. */
export interface Description {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
  };
}

/**
 * What breaks callers who were written for the description `before`, a sentence each: calls and answers that are gone,
 * what has to be sent now or is taken no longer, what is answered now that never was. Pure.
 *
 * Fields, calls, optional parameters and refusals that are new break nobody: callers pass over fields and treat codes
 * that they don't know by their status (docs/errors.md).
 */
export function findBreakingChanges(before: Description, after: Description): string[] {
  return operationsOf(before).flatMap(({ path, method, operation }) => {
    const name = `${method.toUpperCase()} ${path}`;
    const next = after.paths[path]?.[method];
    if (next === undefined) return [`${name} is gone`];
    return [
      ...(next.operationId === operation.operationId ? [] : [`is called ${next.operationId} now`]),
      ...securityChanges(operation, next),
      ...parameterChanges(parametersOf(before, operation), parametersOf(after, next), before, after),
      ...bodyChanges(operation, next, before, after),
      ...answerChanges(operation, next, before, after),
    ].map((change) => `${name}: ${change}`);
  });
}

function operationsOf({ paths }: Description) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

/** The names of the kinds of keys that open a call; none is needed where there are none. */
const kindsOf = ({ security = [] }: Operation) => security.flatMap((kind) => Object.keys(kind));

function securityChanges(before: Operation, after: Operation): string[] {
  const [old, now] = [kindsOf(before), kindsOf(after)];
  if (now.length === 0 || (old.length > 0 && old.every((kind) => now.includes(kind)))) return [];
  return [`takes ${now.join(' or ')} only`];
}

function parametersOf({ components }: Description, { parameters = [] }: Operation): Parameter[] {
  return parameters.map((parameter) =>
    parameter.$ref === undefined ? parameter : components.parameters[parameter.$ref.split('/').at(-1)!]!,
  );
}

function parameterChanges(
  before: readonly Parameter[],
  after: readonly Parameter[],
  { components: old }: Description,
  { components: now }: Description,
): string[] {
  const same = (one: Parameter) => (other: Parameter) => one.name === other.name && one.in === other.in;
  const demanded = after
    .filter((parameter) => parameter.required && before.find(same(parameter))?.required !== true)
    .map(({ name, in: place }) => `the ${place} parameter ${name} is required now`);
  const others = before.flatMap((parameter) => {
    const next = after.find(same(parameter));
    const name = `the ${parameter.in} parameter ${parameter.name}`;
    if (next === undefined) return [`${name} is taken no longer`];
    const [from, to] = [
      { schema: parameter.schema, schemas: old.schemas },
      { schema: next.schema, schemas: now.schemas },
    ];
    return findMisfits('sent', from, to).map((misfit) => `${name}${misfit}`);
  });
  return [...demanded, ...others];
}

/** By its kind (`application/json`), without what may follow it. */
function schemaOf({ content = {} }: Content): Schema | undefined {
  return Object.values(content)[0]?.schema;
}

function bodyChanges(
  { requestBody: before }: Operation,
  { requestBody: after }: Operation,
  { components: old }: Description,
  { components: now }: Description,
): string[] {
  const demanded = after?.required && !before?.required ? ['a body is required now'] : [];
  const [from, to] = [before && schemaOf(before), after && schemaOf(after)];
  if (from === undefined) return demanded;
  if (to === undefined) return ['a body is taken no longer'];
  const misfits = findMisfits('sent', { schema: from, schemas: old.schemas }, { schema: to, schemas: now.schemas });
  return [...demanded, ...misfits.map((misfit) => `the body${misfit}`)];
}

/** Only of what succeeds: all refusals have one schema, and callers know them by their codes. */
function answerChanges(before: Operation, after: Operation, old: Description, now: Description): string[] {
  const succeeded = Object.entries(before.responses).filter(([status]) => status.startsWith('2'));
  return succeeded.flatMap(([status, answer]) => {
    const next = after.responses[status];
    if (next === undefined) return [`is no longer answered by ${status}`];
    const [was, is] = [schemaOf(answer), schemaOf(next)];
    if (was === undefined) return [];
    if (is === undefined) return [`the answer ${status} has no body any more`];
    const [from, to] = [
      { schema: is, schemas: now.components.schemas },
      { schema: was, schemas: old.components.schemas },
    ];
    return findMisfits('answered', from, to).map((misfit) => `the answer ${status}${misfit}`);
  });
}
