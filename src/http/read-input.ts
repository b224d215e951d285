import { z } from 'zod';
import { type FieldError, invalidInput, maxErrors, type RequestPart } from '../errors/invalid-input.ts';
import { notStorable, storableText } from './storable.ts';

/** What a schema expects, in the words of JSON. */
const kindsOfJson: Partial<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  int: 'a whole number',
};

const required = 'is required';

/** What the limits of a list, a text and a number count. */
const countedBy: Partial<Record<string, string>> = { array: ' items', string: ' characters' };

function limitOf(side: 'least' | 'most', origin: string, limit: number | bigint): string {
  const counted = countedBy[origin];
  return counted === undefined ? `must be at ${side} ${limit}` : `must have at ${side} ${limit}${counted}`;
}

/** Where a schema says nothing else about what does not fit. */
z.config({
  customError(issue) {
    switch (issue.code) {
      case 'invalid_type':
        return issue.input === undefined ? required : `must be ${kindsOfJson[issue.expected] ?? issue.expected}`;
      case 'invalid_value':
        if (issue.input === undefined) return required;
        return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
      case 'too_small':
        return limitOf('least', issue.origin, issue.minimum);
      case 'too_big':
        return limitOf('most', issue.origin, issue.maximum);
      case 'invalid_key':
        return `is no name that may stand here: it ${issue.issues[0]?.message}`;
      default:
        return undefined;
    }
  },
});

/**
 * Checks what a caller sent against a schema and returns it typed. Throws RefusalError `validation_failed` that lists
 * every field that does not fit.
 */
export function readInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  part?: RequestPart,
): z.output<Schema> {
  const parsed = schema.safeParse(input, reportInput);
  if (parsed.success) return parsed.data;
  throw invalidInput(parsed.error.issues.slice(0, maxErrors).flatMap(fieldErrors), part);
}

/** So that a field that is missing can be told from one that does not fit. */
const reportInput = { reportInput: true } as const;

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, maxErrors)
      .map((key) => ({ path: [...issue.path, key].join('.'), message: 'is not a known field' }));
  }
  const path = issue.path.join('.');
  if (path === '' && issue.message === required) return [{ path, message: 'a JSON body is required' }];
  return [{ path, message: isMissing(issue) && !issue.message.startsWith(required) ? required : issue.message }];
}

/** Of a union the input is the whole object, and what is missing in it the field that tells its members apart. */
function isMissing(issue: z.core.$ZodIssue): boolean {
  if (issue.code === 'custom') return false;
  if (issue.code !== 'invalid_union' || issue.discriminator === undefined) return issue.input === undefined;
  return typeof issue.input === 'object' && issue.input !== null && !(issue.discriminator in issue.input);
}

/** Text for a person or another system: `max` counts characters. */
export function text(max: number) {
  const length = `must have 1 to ${max} characters`;
  return z.string().min(1, length).max(max, length).refine(storableText, { error: notStorable, abort: true });
}

/** What makes a line look like another: control characters, and orders to turn text around. */
const misleads = 'must not have control characters or bidirectional overrides';
const misleading = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/**
 * A name, a reference, an external id: what is shown is what is signed, so it has no control characters and no
 * bidirectional overrides (Unicode Standard Annex 9), and its characters are composed (Annex 15, NFC).
 */
export function line(max: number) {
  return text(max)
    .refine((value) => !misleading.test(value), { error: misleads })
    .normalize('NFC');
}

/** A UUID of any version, as JSON Schema knows them (format `uuid`); the service's own are version 7 (RFC 9562). */
export const id = z.guid({ error: 'must be a UUID' }).toLowerCase();

const uuidForm = '[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}';

const maxListed = 100;

/** Some of these things, by their ids with commas between them, in a query parameter. */
export function idList(things: string) {
  return z
    .string({ error: `must name the ${things}, separated by commas` })
    .transform((list) => list.split(','))
    .pipe(z.array(id).max(maxListed, `must name at most ${maxListed} ${things}`))
    .refine((ids) => new Set(ids).size === ids.length, { error: 'must not name one twice' })
    .meta({ description: `Ids of ${things}, separated by commas.`, pattern: `^${uuidForm}(?:,${uuidForm})*$` });
}

/** A query parameter that is true or false. */
export const trueOrFalse = z.enum(['true', 'false']).meta({ type: 'boolean', enum: undefined });

export const idempotencyKeyForm = /^[\x21-\x7e]{1,255}$/;

/** A key that a caller makes up for a request, in a header or in the item of a batch. */
export const idempotencyKey = z
  .string({ error: 'must be text' })
  .regex(idempotencyKeyForm, 'must be 1 to 255 visible ASCII characters without spaces');

/** `If-Match`: the entity tag of an account, or `*` for any (RFC 9110, section 13.1.1). */
export const expectedTag = z
  .string()
  .regex(/^(?:\*|"\d{1,15}(?:-\d{1,15})?")$/, 'must be the ETag of the account, such as "8" or "8-2"');

/** Years that every part of the system can read and write alike. */
const plausibleYear = (value: string) => value >= '1900' && value < '9999';

export const day = z.iso
  .date({ error: 'must be a day such as 2026-11-01', abort: true })
  .refine(plausibleYear, { error: 'must lie between the years 1900 and 9998' });

export const instant = z.iso
  .datetime({ offset: true, error: 'must be an instant such as 2026-11-01T00:00:00Z', abort: true })
  .refine(plausibleYear, { error: 'must lie between the years 1900 and 9998' })
  .transform((value) => new Date(value));
