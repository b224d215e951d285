import { RefusalError } from '../errors/refusal.ts';
import type { Scope } from '../ledger/key-scopes.ts';
import type { Caller } from './caller.ts';

/**
 * The party for which the request acts: the one that its API key is bound to; otherwise the one it names, or null where
 * it is the calling service's own act. Throws RefusalError `key_not_allowed` when a bound key names another party, and
 * `scope_missing` when nobody is named and the key is not one to act for nobody.
 */
export function actingParty(caller: Caller, named: string | null | undefined): string | null {
  const { boundParty: bound } = caller;
  if (bound === null) return named ?? actForNobody(caller);
  if (named === null || named === undefined || named === bound) return bound;
  throw new RefusalError('key_not_allowed', `This API key acts for party ${bound} only, not for ${named}.`);
}

/** Throws RefusalError `key_not_allowed` for a key that is bound to a party: this is for the calling service itself. */
export function requireServiceKey({ boundParty: bound }: Caller): void {
  if (bound === null) return;
  const detail = `This takes a key of the service: this one acts for party ${bound} only, and this is no party's act.`;
  throw new RefusalError('key_not_allowed', detail);
}

/** Throws RefusalError `scope_missing` for a key that is not for this. */
export function requireScope({ scopes }: Caller, scope: Scope): void {
  if (scopes.includes(scope)) return;
  throw new RefusalError('scope_missing', `This takes an API key with the scope ${scope}.`, { scope });
}

/**
 * The calling service's own act, in no party's name: no rights, limits and mandates stand in its way, so a field that
 * was forgotten must not come to it. Throws RefusalError `scope_missing`.
 */
export function actForNobody({ scopes }: Caller): null {
  const scope = 'movements:unsigned';
  if (scopes.includes(scope)) return null;
  const detail = `No party is named whose act this is. Name one, or use an API key with the scope ${scope}.`;
  throw new RefusalError('scope_missing', detail, { scope });
}
