import { z } from 'zod';

/** JSON Schemas that the description names, by their ids. */
export type Schemas = Record<string, object>;

/** A definition of zod, as far as it is looked at here. */
interface Definition {
  readonly type: string;
  readonly discriminator?: string;
  readonly options?: readonly z.ZodType[];
  readonly out?: z.ZodType;
}

const definitionOf = (schema: unknown) => (schema as z.ZodType)._zod.def as unknown as Definition;

/**
 * The JSON Schema of what callers send (`input`) or are answered (`output`). What has an id (`.meta({ id })`) is added
 * to `schemas` and referred to.
 */
export function describeSchema(schema: z.ZodType, io: 'input' | 'output', schemas: Schemas): object {
  const {
    $schema: _dialect,
    $defs = {},
    ...root
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => complete(zodSchema as unknown as z.ZodType, jsonSchema, schemas),
  }) as Record<string, unknown> & { $defs?: Record<string, object> };
  for (const [id, definition] of Object.entries($defs)) schemas[id] = pointed(withoutId(definition));
  const own = z.globalRegistry.get(schema)?.id;
  if (own === undefined || '$ref' in root) return pointed(root);
  schemas[own] = pointed(withoutId(root));
  return { $ref: `#/components/schemas/${own}` };
}

function withoutId(definition: object): object {
  const { id: _id, ...rest } = definition as { id?: string };
  return rest;
}

function pointed(definition: object): object {
  return JSON.parse(JSON.stringify(definition).replaceAll('"#/$defs/', '"#/components/schemas/'));
}

/** What zod leaves out, or says at length. */
function complete(schema: z.ZodType, json: z.core.JSONSchema.BaseSchema, schemas: Schemas): void {
  // A date or a UUID by its format: the patterns are 200 characters long and say nothing more.
  if (json.format !== undefined) delete json.pattern;
  // To zod it means that we don't change the list, to OpenAPI that callers don't send it.
  delete json.readOnly;
  const { type, discriminator, options = [], out } = definitionOf(schema);
  // A list whose items are counted before they are looked at: `z.array(z.unknown()).max(n).pipe(z.array(item))`.
  if (type === 'pipe' && json.type === 'array' && out !== undefined && definitionOf(out).type === 'array') {
    const element = (definitionOf(out) as { element?: z.ZodType }).element;
    if (element !== undefined) Object.assign(json, { items: describeSchema(element, 'input', schemas) });
  }
  if (type !== 'union' || discriminator === undefined) return;
  if (json.anyOf !== undefined) {
    json.oneOf = json.anyOf;
    delete json.anyOf;
  }
  const mapping: Record<string, string> = {};
  for (const option of options) {
    const id = z.globalRegistry.get(option)?.id;
    for (const value of option._zod.propValues?.[discriminator] ?? []) {
      if (id !== undefined && typeof value === 'string') mapping[value] = `#/components/schemas/${id}`;
    }
  }
  // Without a mapping the names of the components are taken for the values.
  if (Object.keys(mapping).length > 0) Object.assign(json, { discriminator: { propertyName: discriminator, mapping } });
}
