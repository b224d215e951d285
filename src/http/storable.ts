import type { FieldError } from '../errors/invalid-input.ts';

/** Deeper than any document of this interface, and shallow enough to walk by recursion. */
const maxDepth = 16;

/** What is wrong with text that PostgreSQL cannot hold. */
export const notStorable = 'must not contain NUL or unpaired surrogates';

/** PostgreSQL's text holds any Unicode but NUL; an unpaired surrogate is no Unicode and would be replaced silently. */
export function storableText(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed();
}

/**
 * Looks through a parsed JSON document for what could not be stored and read back unchanged: text as above, numbers
 * that JavaScript cannot hold exactly, nesting without end. Returns the first field that has one.
 */
export function findUnstorable(value: unknown, path = '', depth = 0): FieldError | undefined {
  if (depth > maxDepth) return { path, message: `must not nest deeper than ${maxDepth} levels` };
  if (typeof value === 'string') {
    return storableText(value) ? undefined : { path, message: notStorable };
  }
  if (typeof value === 'number') {
    const exact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    return exact ? undefined : { path, message: 'must be a number below 2^53; send larger ones as text' };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const memberPath = path === '' ? key : `${path}.${key}`;
    if (!storableText(key)) return { path, message: 'has a field name with NUL or unpaired surrogates' };
    const found = findUnstorable(member, memberPath, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
