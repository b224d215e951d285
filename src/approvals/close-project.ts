import { noSuch } from '../errors/no-such.ts';
import type { Authentication } from '../ledger/authentication.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { refuseActor } from '../ownership/authorise.ts';
import { refuseUnknownParty } from '../parties/party-queries.ts';
import { type FinishedProject, finishProjects, refuseEndedProject, rejectionEvents } from './finish-projects.ts';
import type { ProjectDocument } from './project.ts';
import { type Actors, loadActors } from './project-actors.ts';
import { findProjectsById } from './project-queries.ts';
import type { Proposal } from './proposal.ts';
import { findPending } from './proposal-queries.ts';

export interface CloseProjectCommand {
  readonly projectId: string;
  /** The project's account, which never changes. */
  readonly accountId: string;
  /** Null: the calling service itself. */
  readonly by: string | null;
  readonly authentication: Authentication;
}

interface Loaded {
  readonly projects: ReadonlyMap<string, ProjectDocument>;
  readonly pending: readonly Proposal[];
  readonly actors: Actors;
}

/**
 * Closes an open project, by a holder with the right `manage` or the calling service. Its pending proposals are
 * rejected with it. Locks the account; a closed account's projects may be closed too, no money moves.
 */
export const closeProject: OperationKind<CloseProjectCommand, Loaded, FinishedProject, ProjectDocument> = {
  accountIds: (command) => [command.accountId],
  ownedAccountIds: (command) => [command.accountId],

  async load(transaction, commands) {
    const projectIds = commands.map(({ projectId }) => projectId);
    const [projects, pending, actors] = await Promise.all([
      findProjectsById(transaction, projectIds),
      findPending(transaction, projectIds),
      loadActors(transaction, commands),
    ]);
    return { projects, pending, actors };
  },

  decide(command, { accounts, loaded, now }) {
    const { projectId, by } = command;
    const account = accounts.get(command.accountId);
    const project = loaded.projects.get(projectId);
    if (account === undefined || project === undefined) {
      return { refusal: noSuch('project', projectId) };
    }
    const refused =
      refuseEndedProject(project) ??
      refuseUnknownParty(loaded.actors.partyIds, by, 'by') ??
      refuseActor(command.accountId, loaded.actors.ownership.get(command.accountId)!, command, 'manage');
    if (refused !== undefined) return { refusal: refused };

    const finished = { status: 'closed' as const, finishedAt: now.toISOString() };
    const effect = { id: projectId, ...finished };
    const result = { ...project, ...finished };
    return {
      result,
      changedAccounts: [{ ...account, revision: account.revision + 1 }],
      events: [
        { type: 'project.closed', accountId: account.id, subjectId: projectId, data: result },
        ...rejectionEvents(loaded.pending, effect, loaded.actors.ownership.get(account.id)!),
      ],
      effect,
    };
  },

  write: finishProjects,
};
