const minima = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'] as const;
const maxima = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'] as const;

type Bounds = Readonly<Partial<Record<(typeof minima | typeof maxima)[number], number>>>;

/** As much of JSON Schema as the description uses. */
export interface Schema extends Bounds {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly format?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

/** A schema, and the components that it refers to. */
export interface Side {
  readonly schema: Schema;
  readonly schemas: Readonly<Record<string, Schema>>;
}

/**
 * `sent`: what callers send by one schema, held against what is taken by the other. `answered`: what is answered now,
 * held against what callers know.
 */
type Purpose = 'sent' | 'answered';

/**
 * How values that fit the schema `from` do not fit the schema `to`, each as the end of a sentence that begins with what
 * they are: " may not be null". An answer may have more fields than callers know; what is sent may not.
 */
export function findMisfits(purpose: Purpose, from: Side, to: Side): string[] {
  return compare(purpose, from, to, '', new Set());
}

/** @param seen Pairs of components that are being compared: schemas may contain themselves. */
function compare(purpose: Purpose, from: Side, to: Side, path: string, seen: ReadonlySet<string>): string[] {
  const pair = `${from.schema.$ref} ${to.schema.$ref}`;
  const [isNamed, under] = [from.schema.$ref !== undefined && to.schema.$ref !== undefined, new Set(seen)];
  if (isNamed && seen.has(pair)) return [];
  if (isNamed) under.add(pair);
  const [ones, others] = [variantsOf(from), variantsOf(to)];
  return ones.flatMap((one) => {
    const tries = others.map((other) => compareOne(purpose, one, other, path, under));
    // Of several that it may be, the nearest says best what is wrong.
    return tries.reduce((best, next) => (next.length < best.length ? next : best));
  });
}

function variantsOf({ schema, schemas }: Side): Side[] {
  if (schema.$ref !== undefined) return variantsOf({ schema: schemas[schema.$ref.split('/').at(-1)!]!, schemas });
  if (schema.allOf?.length === 1) return variantsOf({ schema: schema.allOf[0]!, schemas });
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants === undefined) return typesOf(schema).map((type) => ({ schema: ofType(schema, type), schemas }));
  return variants.flatMap((variant) => variantsOf({ schema: variant, schemas }));
}

const typesOf = ({ type }: Schema) => (type === undefined || typeof type === 'string' ? [type] : type);
const ofType = ({ type: _all, ...schema }: Schema, type: string | undefined): Schema =>
  type === undefined ? schema : { ...schema, type };

function compareOne(purpose: Purpose, from: Side, to: Side, path: string, seen: ReadonlySet<string>): string[] {
  const [is, was] = [from.schema, to.schema];
  const isNarrower = is.type === 'integer' && was.type === 'number';
  if (was.type !== undefined && is.type !== was.type && !isNarrower) return [`${path} may not be ${is.type ?? 'any'}`];
  const within = (schema: Schema, side: Side): Side => ({ schema, schemas: side.schemas });
  const [items, known] = [is.items, was.items];
  return [
    ...valueMisfits(is, was, path),
    ...boundMisfits(is, was, path),
    ...fieldMisfits(purpose, is, was, path),
    ...Object.entries(is.properties ?? {}).flatMap(([name, field]) => {
      const other = was.properties?.[name];
      if (other === undefined) return [];
      return compare(purpose, within(field, from), within(other, to), `${path}.${name}`, seen);
    }),
    ...(items && known ? compare(purpose, within(items, from), within(known, to), `${path}[]`, seen) : []),
    ...(typeof is.additionalProperties === 'object' && typeof was.additionalProperties === 'object'
      ? compare(purpose, within(is.additionalProperties, from), within(was.additionalProperties, to), `${path}.*`, seen)
      : []),
  ];
}

function valuesOf(schema: Schema): readonly unknown[] | undefined {
  return schema.const === undefined ? schema.enum : [schema.const];
}

function valueMisfits(is: Schema, was: Schema, path: string): string[] {
  const [values, known] = [valuesOf(is), valuesOf(was)];
  if (known !== undefined && values === undefined) return [`${path} may only be ${known.join(', ')}`];
  const unknown = known === undefined ? [] : values!.filter((value) => !known.includes(value));
  const form = (['pattern', 'format'] as const).filter((key) => values === undefined && is[key] !== was[key]);
  return [
    ...(unknown.length === 0 ? [] : [`${path} may not be ${unknown.join(', ')}`]),
    ...form.flatMap((key) => (was[key] === undefined ? [] : [`${path} must have the ${key} ${was[key]}`])),
  ];
}

function boundMisfits(is: Schema, was: Schema, path: string): string[] {
  const isFixed = valuesOf(is) !== undefined;
  const exceeded = [...minima, ...maxima].filter((key) => {
    const [bound, own] = [was[key], is[key]];
    if (typeof bound !== 'number' || isFixed) return false;
    if (typeof own !== 'number') return true;
    return key.toLowerCase().includes('min') ? own < bound : own > bound;
  });
  return exceeded.map((key) => `${path} must keep to the ${key} ${was[key]}`);
}

function fieldMisfits(purpose: Purpose, is: Schema, was: Schema, path: string): string[] {
  const { required = [] } = was;
  const missing = required.filter((name) => !is.required?.includes(name));
  const [own, known] = [Object.keys(is.properties ?? {}), Object.keys(was.properties ?? {})];
  if (purpose === 'answered') {
    const gone = known.filter((name) => !own.includes(name));
    return [
      ...gone.map((name) => `${path}.${name} is gone`),
      ...missing.filter((name) => !gone.includes(name)).map((name) => `${path}.${name} may be missing`),
    ];
  }
  const refused = was.additionalProperties === false ? own.filter((name) => !known.includes(name)) : [];
  return [
    ...missing.map((name) => `${path}.${name} is required`),
    ...refused.map((name) => `${path}.${name} is taken no longer`),
  ];
}
