import { type Refusal, RefusalError } from './refusal.ts';

/** The part of a request in which a field stands. */
export type RequestPart = 'body' | 'query' | 'path' | 'header';

/** What was wrong with one field. */
export interface FieldError {
  /** In a body with dots: `items.3.amount`. Empty for the part as a whole. */
  path: string;
  message: string;
}

/** So many wrong fields are named. */
export const maxErrors = 20;

/**
 * Input that does not fit, with every field that is wrong and the part of the request where they stand. The refusal
 * `validation_failed` names at most `maxErrors` of them.
 *
 * @example
 * throw invalidInput([{ path: 'amount', message: 'must be above zero' }]);
 */
export function invalidInput(errors: readonly FieldError[], part: RequestPart = 'body'): RefusalError {
  const detail = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
  const listed = errors
    .slice(0, maxErrors)
    .map(({ path, message }) => ({ in: part, path: shorten(path, 200), message }));
  return new RefusalError('validation_failed', shorten(detail, 500), { errors: listed });
}

/** The refusal of a time that had passed when the request was decided. */
export function refusePassed(path: string, at: Date | null | undefined, now: Date): Refusal | undefined {
  if (at === null || at === undefined || at > now) return undefined;
  return invalidInput([{ path, message: 'must lie in the future' }]).refusal;
}

/** Names of fields come from the caller and may be as long as the body. A cut must not leave half a character. */
function shorten(value: string, length: number): string {
  return value.length <= length ? value : value.slice(0, length).toWellFormed();
}
