import { noSuch } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { LockedAccounts, OperationKind } from '../ledger/operation.ts';
import { refuseClearingAccount, refuseClosed } from '../ledger/refuse-account.ts';
import type { Money } from '../money/money.ts';
import { refuseCurrency, refuseReceiving } from '../movements/check-leg.ts';
import { refuseUnknownParty } from '../parties/party-queries.ts';
import { refuseEndedProject } from './finish-projects.ts';
import type { ProjectDocument } from './project.ts';
import { type Actors, loadActors } from './project-actors.ts';
import { findProjectsById } from './project-queries.ts';
import { type Proposal, type ProposalDocument, presentProposal } from './proposal.ts';
import { countPending } from './proposal-queries.ts';

export interface MakeProposalCommand {
  readonly id: string;
  readonly projectId: string;
  /** The project's account, which never changes. */
  readonly accountId: string;
  readonly toAccountId: string | null;
  readonly title: string;
  readonly description: string | null;
  readonly amount: Money;
  /** Null: the calling service itself. */
  readonly proposedBy: string | null;
}

interface Loaded {
  readonly projects: ReadonlyMap<string, ProjectDocument>;
  readonly pending: ReadonlyMap<string, number>;
  readonly actors: Actors;
}

/** All of them are rejected in one go when one is accepted, while the account is locked. */
const maxPending = 200;

/**
 * Makes a proposal for an open project. Any party may: a contractor need not hold the account. Locks
 * the project's account and the one that is to be paid, so that both are what is checked.
 */
export const makeProposal: OperationKind<MakeProposalCommand, Loaded, Proposal, ProposalDocument> = {
  accountIds: ({ accountId, toAccountId }) => (toAccountId === null ? [accountId] : [accountId, toAccountId]),
  ownedAccountIds: ({ accountId }) => [accountId],

  async load(transaction, commands) {
    const projectIds = commands.map(({ projectId }) => projectId);
    const [projects, pending, actors] = await Promise.all([
      findProjectsById(transaction, projectIds),
      countPending(transaction, projectIds),
      loadActors(
        transaction,
        commands.map(({ accountId, proposedBy }) => ({ accountId, by: proposedBy })),
      ),
    ]);
    return { projects, pending, actors };
  },

  decide(command, { accounts, loaded, now }) {
    const { projectId, accountId, proposedBy } = command;
    const account = accounts.get(accountId);
    const project = loaded.projects.get(projectId);
    if (account === undefined || project === undefined) {
      return { refusal: noSuch('project', projectId) };
    }
    const refused =
      refuseEndedProject(project) ??
      refuseUnknownParty(loaded.actors.partyIds, proposedBy, 'by') ??
      refuseAccounts(command, accounts) ??
      refuseCrowd(projectId, loaded);
    if (refused !== undefined) return { refusal: refused };

    const proposal: Proposal = {
      ...command,
      status: 'pending',
      transactionId: null,
      createdAt: now.toISOString(),
      expiresAt: project.expiresAt === null ? null : new Date(project.expiresAt),
      finishedAt: null,
      authorisations: [],
      paidBy: null,
    };
    const result = presentProposal(proposal, loaded.actors.ownership.get(accountId)!);
    return {
      result,
      changedAccounts: [{ ...account, revision: account.revision + 1 }],
      events: [{ type: 'proposal.made', accountId, subjectId: proposal.id, data: result }],
      effect: proposal,
    };
  },

  async write({ knex, ledgerId }, proposals) {
    await knex('proposals').insert(
      proposals.map((proposal) => ({
        ledger_id: ledgerId,
        id: proposal.id,
        project_id: proposal.projectId,
        account_id: proposal.accountId,
        to_account_id: proposal.toAccountId,
        title: proposal.title,
        description: proposal.description,
        amount: proposal.amount.toString(),
        currency: proposal.amount.currency,
        proposed_by: proposal.proposedBy,
        created_at: proposal.createdAt,
      })),
    );
  },
};

/**
 * What would stand in the way of any payment; whether there is money and whom it takes is asked when it is accepted.
 */
function refuseAccounts(
  { accountId, toAccountId, amount }: MakeProposalCommand,
  accounts: LockedAccounts,
): Refusal | undefined {
  const ids = toAccountId === null ? [accountId] : [accountId, toAccountId];
  const missing = ids.find((id) => !accounts.has(id));
  if (missing !== undefined) return noSuch('account', missing);
  const found = ids.map((id) => accounts.get(id)!);
  const checks = [refuseClearingAccount, refuseClosed, (account: LockedAccount) => refuseCurrency({ account, amount })];
  for (const check of checks) {
    for (const account of found) {
      const refused = check(account);
      if (refused !== undefined) return refused;
    }
  }
  const [, receiving] = found;
  return receiving === undefined ? undefined : refuseReceiving({ account: receiving, amount });
}

function refuseCrowd(projectId: string, { pending }: Loaded): Refusal | undefined {
  if ((pending.get(projectId) ?? 0) < maxPending) return undefined;
  const detail = `Project ${projectId} has ${maxPending} pending proposals, as many as it can have.`;
  return refusal('too_many_proposals', detail, { projectId, limit: maxPending });
}
