import type { ErrorCode } from './error-catalogue.ts';
import { type Refusal, RefusalError, refusal } from './refusal.ts';

/** The `account` of `account_not_found`. */
type NameOf<Code> = Code extends `${infer Name}_not_found` ? Name : never;

/** What is found by its id in a ledger. The others are found in other ways and have sentences of their own. */
export type Thing = Exclude<NameOf<ErrorCode>, 'route' | 'holder' | 'failed_work'>;

const names: Partial<Record<Thing, string>> = { account_change: 'change', api_key: 'API key' };

/**
 * The refusal of an id that the ledger does not have.
 *
 * @example
 * if (hold === undefined) return { refusal: noSuch('hold', holdId) };
 */
export function noSuch(what: Thing, id: string): Refusal {
  const name = names[what] ?? what.replaceAll('_', ' ');
  return refusal(`${what}_not_found`, `There is no ${name} ${id} in this ledger.`);
}

/** What the ledger does not have by the caller's own id, thrown by callers that only read. */
export function notFoundByExternalId(what: 'party' | 'account' | 'transaction', externalId: string): RefusalError {
  const detail = `There is no ${what} with the external id ${externalId} in this ledger.`;
  return new RefusalError(`${what}_not_found`, detail);
}

/** The same as `noSuch`, thrown by callers that only read. */
export function notFound(what: Thing, id: string): RefusalError {
  const { code, detail } = noSuch(what, id);
  return new RefusalError(code, detail);
}
