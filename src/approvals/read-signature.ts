import type { Request, Response } from 'express';
import { z } from 'zod';
import { invalidInput } from '../errors/invalid-input.ts';
import { actingParty } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { id, readInput } from '../http/read-input.ts';
import type { Signature } from './authorisations.ts';

/**
 * Reads who says what about which version of something (`subject`, "payment order"). Throws RefusalError
 * `validation_failed`, also where nobody signs: the calling service cannot.
 */
export function readSignature(req: Request, res: Response, subject: string): Signature {
  const { party, decision, instructionHash } = readInput(bodyOf(subject), req.body);
  const partyId = actingParty(callerOf(res), party);
  if (partyId === null) throw invalidInput([{ path: 'party', message: 'must name the party that signs' }]);
  return { partyId, decision, instructionHash };
}

function bodyOf(subject: string) {
  const hash = `must be the instructionHash of the ${subject}`;
  return z.strictObject({
    party: id.optional(),
    decision: z.enum(['approve', 'reject']),
    instructionHash: z.string({ error: hash }).regex(/^[0-9a-f]{64}$/, `${hash}: 64 hexadecimal digits, in lower case`),
  });
}
