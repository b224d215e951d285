export const projectStatuses = ['open', 'assigned', 'closed'] as const;

/** `open → assigned` when one of its proposals is accepted, or `open → closed` when none is. Both are final. */
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
  finishedAt: string | null;
  acceptedProposalId: string | null;
}
