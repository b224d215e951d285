import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { LedgerEvent } from '../ledger/ledger-event.ts';
import type { Ownership } from '../ownership/load-ownership.ts';
import type { ProjectDocument } from './project.ts';
import { type Proposal, presentProposal } from './proposal.ts';

/** A project that is over: one of its proposals was accepted, or none will be. */
export interface FinishedProject {
  readonly id: string;
  readonly status: 'assigned' | 'closed' | 'expired';
  readonly finishedAt: string;
}

/** Refuses what only an open project takes: proposals, an acceptance, closing. */
export function refuseEndedProject({ id, status, acceptedProposalId }: ProjectDocument): Refusal | undefined {
  switch (status) {
    case 'open':
      return undefined;
    case 'assigned': {
      const detail = `Project ${id} is assigned: proposal ${acceptedProposalId} was accepted.`;
      return refusal('project_already_assigned', detail, { projectId: id, acceptedProposalId });
    }
    case 'closed':
      return refusal('project_not_open', `Project ${id} is closed.`, { projectId: id, state: status });
    case 'expired':
      return refusal('project_not_open', `Project ${id} has expired.`, { projectId: id, state: status });
  }
}

/** The events of the pending proposals of a project that is over: they are rejected with it. */
export function rejectionEvents(
  pending: readonly Proposal[],
  { id, finishedAt }: Pick<FinishedProject, 'id' | 'finishedAt'>,
  ownership: Ownership,
): LedgerEvent[] {
  return pending
    .filter((proposal) => proposal.projectId === id)
    .map((proposal) => ({
      type: 'proposal.rejected',
      accountId: proposal.accountId,
      subjectId: proposal.id,
      data: presentProposal({ ...proposal, status: 'rejected', finishedAt }, ownership),
    }));
}

/**
 * Writes that projects are over and with each of them that its proposals which are still pending are rejected: an
 * accepted one has to be written as such before. The account rows must be locked.
 */
export async function finishProjects(
  { knex, ledgerId }: LedgerTransaction,
  finished: readonly FinishedProject[],
): Promise<void> {
  if (finished.length === 0) return;
  await knex.raw(
    `with finished as (
       select * from unnest(:ids::uuid[], :statuses::text[], :times::timestamptz[]) as f (id, status, finished_at)),
     rejected as (
       update proposals o set status = 'rejected', finished_at = f.finished_at
       from finished f where o.ledger_id = :ledgerId and o.project_id = f.id and o.status = 'pending')
     update projects p set status = f.status, finished_at = f.finished_at
     from finished f where p.ledger_id = :ledgerId and p.id = f.id`,
    {
      ledgerId,
      ids: finished.map(({ id }) => id),
      statuses: finished.map(({ status }) => status),
      times: finished.map(({ finishedAt }) => finishedAt),
    },
  );
}
