import { invalidInput } from '../errors/invalid-input.ts';
import { RefusalError } from '../errors/refusal.ts';
import { actingParty } from '../http/acting-party.ts';
import type { Caller } from '../http/caller.ts';
import { Money } from '../money/money.ts';
import type { Leg, Movement } from './movement.ts';

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
  if (caller.boundParty !== null) refuseProbes(asked);
  return { ...asked, initiatedBy, authentication: caller.authentication };
}

/**
 * With an amount near the largest balance, whether a balance has room for it would tell the balance. Parties move less,
 * so that no account of any size they could have is too full.
 */
function refuseProbes({ legs }: Movement): void {
  const largest = (currency: string) => Money.parse(largestOfParty, currency);
  const isProbe = ({ amount }: Leg) => {
    const size = amount.isNegative() ? amount.negated() : amount;
    return !size.minus(largest(amount.currency)).isNegative();
  };
  if (!legs.some(isProbe)) return;
  throw invalidInput([{ path: 'amount', message: `must be less than ${largestOfParty} for a key of a party` }]);
}

/** A tenth of what a balance can be. */
const largestOfParty = '100000000000000000';
