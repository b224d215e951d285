import type { FieldError } from '../errors/invalid-input.ts';

/** Deeper than any document of this interface, and shallow enough to walk by recursion. */
const maxDepth = 16;

/** A hundred for each movement of the largest batch: more are rubbish, and would be looked at for half a second. */
const maxValues = 100_000;

/** What is wrong with text that PostgreSQL cannot hold. */
export const notStorable = 'must not contain NUL or unpaired surrogates';

/** PostgreSQL's text holds any Unicode but NUL; an unpaired surrogate is no Unicode and would be replaced silently. */
export function storableText(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed();
}

/**
 * Looks through a parsed JSON document for what could not be stored and read back unchanged: text as above, numbers
 * that JavaScript cannot hold exactly, nesting and values without end. Returns the first field that has one.
 */
export function findUnstorable(document: unknown): FieldError | undefined {
  if (isStorable(document, 0, { values: 0 })) return undefined;
  return findBelow(document, { path: '', depth: 0, seen: { values: 0 } });
}

/** Whether there is no such field: the same without making the path of each. */
function isStorable(value: unknown, depth: number, seen: { values: number }): boolean {
  seen.values++;
  if (seen.values > maxValues || depth > maxDepth) return false;
  if (typeof value === 'string') return storableText(value);
  if (typeof value === 'number') return isExact(value);
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every((member) => isStorable(member, depth + 1, seen));
  for (const key in value) {
    if (!storableText(key) || !isStorable(value[key as keyof typeof value], depth + 1, seen)) return false;
  }
  return true;
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

interface Place {
  readonly path: string;
  readonly depth: number;
  readonly seen: { values: number };
}

function findBelow(value: unknown, { path, depth, seen }: Place): FieldError | undefined {
  seen.values++;
  if (seen.values > maxValues) return { path: '', message: `must have at most ${maxValues} values` };
  if (depth > maxDepth) return { path, message: `must not nest deeper than ${maxDepth} levels` };
  if (typeof value === 'string') {
    return storableText(value) ? undefined : { path, message: notStorable };
  }
  if (typeof value === 'number') {
    return isExact(value) ? undefined : { path, message: 'must be a number below 2^53; send larger ones as text' };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  // Of a long list no list of all is made first.
  for (const [key, member] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    const memberPath = path === '' ? String(key) : `${path}.${key}`;
    if (typeof key === 'string' && !storableText(key))
      return { path, message: 'has a field name with NUL or unpaired surrogates' };
    const found = findBelow(member, { path: memberPath, depth: depth + 1, seen });
    if (found !== undefined) return found;
  }
  return undefined;
}
