export const projectStatuses = ['open', 'assigned', 'closed', 'expired'] as const;

/**
 * `open → assigned` when one of its proposals is accepted, `open → closed` when none is, `open → expired` when its time
 * is over. All three are final.
 */
export type ProjectStatus = (typeof projectStatuses)[number];

/** What the holders of an account want done, for which proposals compete. As callers see it. */
export interface ProjectDocument {
  id: string;
  accountId: string;
  name: string;
  description: string | null;
  status: ProjectStatus;
  /** Null: the calling service. */
  createdBy: string | null;
  createdAt: string;
  /** From then on it is expired, whether or not anybody noted it; null: it stays open until somebody ends it. */
  expiresAt: string | null;
  finishedAt: string | null;
  acceptedProposalId: string | null;
}
