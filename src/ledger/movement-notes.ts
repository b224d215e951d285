import { z } from 'zod';
import { authenticationDocument } from './authentication.ts';
import { uuid } from './document-fields.ts';

/** What its caller noted about a movement, in the documents of all that is or becomes one. */
export const notesOfDocument = {
  initiatedBy: uuid.nullable(),
  /** How the request that asked for it was authenticated. */
  authentication: authenticationDocument,
  description: z.string().nullable(),
  reference: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()).nullable(),
};
