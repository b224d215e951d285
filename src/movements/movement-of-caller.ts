import { RefusalError } from '../errors/refusal.ts';
import { actingParty } from '../http/acting-party.ts';
import type { Caller } from '../http/caller.ts';
import type { Movement } from './movement.ts';

/**
 * The movement as the act of this caller. Throws RefusalError `key_not_allowed` when the key is bound to a party and
 * the movement names another one, or an external id: those are the calling service's, and whether one is in use is not
 * for a party to find out.
 */
export function movementOfCaller(caller: Caller, asked: Movement): Movement {
  const initiatedBy = actingParty(caller, asked.initiatedBy);
  if (caller.boundParty !== null && asked.externalId != null) {
    const detail = 'External ids are those of the calling service: this API key acts for a party and cannot give any.';
    throw new RefusalError('key_not_allowed', detail);
  }
  return { ...asked, initiatedBy, authentication: caller.authentication };
}
