import { z } from 'zod';
import { instantText, uuid } from '../ledger/document-fields.ts';

export const projectStatuses = ['open', 'assigned', 'closed', 'expired'] as const;

/**
 * `open → assigned` when one of its proposals is accepted, `open → closed` when none is, `open → expired` when its time
 * is over. All three are final.
 */
export type ProjectStatus = (typeof projectStatuses)[number];

/** What the holders of an account want done, for which proposals compete. As callers see it. */
export const projectDocument = z
  .strictObject({
    id: uuid,
    accountId: uuid,
    name: z.string(),
    description: z.string().nullable(),
    status: z.enum(projectStatuses),
    /** Who opened it; null: the calling service. */
    by: uuid.nullable(),
    createdAt: instantText,
    /** From then on it is expired, whether or not that was noted; null: it stays open until it is ended. */
    expiresAt: instantText.nullable(),
    finishedAt: instantText.nullable(),
    acceptedProposalId: uuid.nullable(),
  })
  .meta({ id: 'Project' });

export type ProjectDocument = z.output<typeof projectDocument>;
