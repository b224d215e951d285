import { refusePassed } from '../errors/invalid-input.ts';
import { noSuch } from '../errors/no-such.ts';
import type { Authentication } from '../ledger/authentication.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { refuseClearingAccount, refuseClosed } from '../ledger/refuse-account.ts';
import { refuseActor } from '../ownership/authorise.ts';
import { refuseUnknownParty } from '../parties/party-queries.ts';
import type { ProjectDocument } from './project.ts';
import { type Actors, loadActors } from './project-actors.ts';

export interface OpenProjectCommand {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly description: string | null;
  /** When it ends by itself; null: never. */
  readonly expiresAt: Date | null;
  /** Null: the calling service itself. */
  readonly createdBy: string | null;
  readonly authentication: Authentication | null;
}

/** Opens a project on an account, by a holder with the right `manage` or the calling service. Locks the account. */
export const openProject: OperationKind<OpenProjectCommand, Actors, ProjectDocument, ProjectDocument> = {
  accountIds: (command) => [command.accountId],
  ownedAccountIds: (command) => [command.accountId],

  load: (transaction, commands) =>
    loadActors(
      transaction,
      commands.map(({ accountId, createdBy }) => ({ accountId, by: createdBy })),
    ),

  decide(command, { accounts, loaded, now }) {
    const { accountId, createdBy, authentication, expiresAt } = command;
    const account = accounts.get(accountId);
    if (account === undefined) return { refusal: noSuch('account', accountId) };
    const refused =
      refuseUnknownParty(loaded.partyIds, createdBy, 'by') ??
      refuseClearingAccount(account) ??
      refuseActor(accountId, loaded.ownership.get(accountId)!, { by: createdBy, authentication }, 'manage') ??
      refuseClosed(account) ??
      refusePassed('expiresAt', expiresAt, now);
    if (refused !== undefined) return { refusal: refused };

    const project: ProjectDocument = {
      id: command.id,
      accountId,
      name: command.name,
      description: command.description,
      status: 'open',
      by: createdBy,
      createdAt: now.toISOString(),
      expiresAt: expiresAt?.toISOString() ?? null,
      finishedAt: null,
      acceptedProposalId: null,
    };
    return {
      result: project,
      changedAccounts: [{ ...account, revision: account.revision + 1 }],
      events: [{ type: 'project.opened', accountId, subjectId: project.id, data: project }],
      effect: project,
    };
  },

  async write({ knex, ledgerId }, projects) {
    await knex('projects').insert(
      projects.map((project) => ({
        ledger_id: ledgerId,
        id: project.id,
        account_id: project.accountId,
        name: project.name,
        description: project.description,
        created_by: project.by,
        created_at: project.createdAt,
        expires_at: project.expiresAt,
      })),
    );
  },
};
