import { z } from 'zod';
import { invalidInput } from '../errors/invalid-input.ts';
import { actingParty } from '../http/acting-party.ts';
import type { Caller } from '../http/caller.ts';
import { id } from '../http/read-input.ts';
import type { Signature } from './authorisations.ts';

/** The body of a signature under something (`subject`, "payment order"). */
export function signatureBody(subject: string) {
  return z.strictObject({
    by: id.optional(),
    decision: z.enum(['approve', 'reject']),
    instructionHash: instructionHashOf(subject),
  });
}

/** What a signer sends to say which version of something it signs. */
export function instructionHashOf(subject: string) {
  const hash = `must be the instructionHash of the ${subject}`;
  return z.string({ error: hash }).regex(/^[0-9a-f]{64}$/, `${hash}: 64 hexadecimal digits, in lower case`);
}

/**
 * Who says what about which version of it. Throws RefusalError `key_not_allowed`, and `validation_failed` where no
 * party signs: the calling service cannot.
 */
export function readSignature(
  caller: Caller,
  { by, decision, instructionHash }: z.output<ReturnType<typeof signatureBody>>,
): Signature {
  const partyId = by ?? caller.boundParty;
  if (partyId === null) throw invalidInput([{ path: 'by', message: 'is required: the party that signs' }]);
  actingParty(caller, partyId);
  return { partyId, decision, instructionHash, authentication: caller.authentication };
}
