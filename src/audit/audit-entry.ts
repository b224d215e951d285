import { z } from 'zod';
import type { AuditNote } from '../http/audit-note.ts';
import { createId, timeOfId } from '../ledger/create-id.ts';
import { instantText, uuid } from '../ledger/document-fields.ts';

/** Who did what, and how it ended, as callers see it: ids and codes, nothing of a body. */
export const auditEntryDocument = z
  .strictObject({
    id: uuid,
    at: instantText,
    /** Null: an operator, on the command line. */
    keyId: uuid.nullable(),
    /** The party that the key is bound to. */
    partyId: uuid.nullable(),
    channel: z.string(),
    /** The `operationId` of the call, or the name of the command; null where it had none. */
    action: z.string().nullable(),
    method: z.string().nullable(),
    /** With the ids that it names; whatever else stands in it is left out. */
    path: z.string().nullable(),
    /** What it made or changed: the `id` that it was answered with. */
    subjectId: uuid.nullable(),
    address: z.string().nullable(),
    outcome: z.enum(['succeeded', 'refused']),
    status: z.int().nullable(),
    /** Why it was refused. */
    code: z.string().nullable(),
    requestId: z.string().nullable(),
    /** How many refusals the entry stands for; what they do not share is null then. */
    count: z.int().positive(),
  })
  .meta({ id: 'AuditEntry' });

export type AuditEntryDocument = z.output<typeof auditEntryDocument>;

/** An entry of a ledger's audit trail, as it is written. */
export interface AuditEntry extends AuditNote {
  readonly id: string;
  readonly at: Date;
  readonly count: number;
}

export function auditEntry(note: AuditNote): AuditEntry {
  const id = createId();
  return { ...note, id, at: timeOfId(id), count: 1 };
}
