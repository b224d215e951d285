import { refusal } from '../errors/refusal.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { Money } from '../money/money.ts';
import { refuseClearingAccount, refuseClosed } from '../movements/check-leg.ts';
import type { ProjectDocument } from './project.ts';
import { type Actors, loadActors, refuseActor, refuseUnknownParty } from './project-actors.ts';

export interface OpenProjectCommand {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly description: string | null;
  /** Null: the calling service itself. */
  readonly createdBy: string | null;
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
    const { accountId, createdBy } = command;
    const account = accounts.get(accountId);
    if (account === undefined) {
      return { refusal: refusal('account_not_found', `There is no account ${accountId} in this ledger.`) };
    }
    const nothingMoved = { account, amount: Money.zero(account.currency) };
    const refused =
      refuseUnknownParty(createdBy, loaded, 'createdBy') ??
      refuseClearingAccount(nothingMoved) ??
      refuseActor({ accountId, by: createdBy }, loaded, 'manage') ??
      refuseClosed(nothingMoved);
    if (refused !== undefined) return { refusal: refused };

    const project: ProjectDocument = {
      id: command.id,
      accountId,
      name: command.name,
      description: command.description,
      status: 'open',
      createdBy,
      createdAt: now.toISOString(),
      finishedAt: null,
      acceptedProposalId: null,
    };
    return { result: project, changedAccounts: [{ ...account, revision: account.revision + 1 }], effect: project };
  },

  async write({ knex, ledgerId }, projects) {
    await knex('projects').insert(
      projects.map((project) => ({
        ledger_id: ledgerId,
        id: project.id,
        account_id: project.accountId,
        name: project.name,
        description: project.description,
        created_by: project.createdBy,
        created_at: project.createdAt,
      })),
    );
  },
};
