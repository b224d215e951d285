import { RefusalError } from '../errors/refusal.ts';
import type { Caller } from './caller.ts';

/**
 * The party for which the request acts: the one that its API key is bound to; otherwise the one it names, or null where
 * it is the calling service's own act. Throws RefusalError `key_not_allowed` when a bound key names another party.
 */
export function actingParty({ boundParty: bound }: Caller, named: string | null | undefined): string | null {
  if (bound === null || named === null || named === undefined || named === bound) return bound ?? named ?? null;
  throw new RefusalError('key_not_allowed', `This API key acts for party ${bound} only, not for ${named}.`);
}

/** Throws RefusalError `key_not_allowed` for a key that is bound to a party: this is for the calling service itself. */
export function requireServiceKey({ boundParty: bound }: Caller): void {
  if (bound === null) return;
  const detail = `This takes a key of the service: this one acts for party ${bound} only, and this is no party's act.`;
  throw new RefusalError('key_not_allowed', detail);
}
