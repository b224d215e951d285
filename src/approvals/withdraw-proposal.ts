import { noSuch } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { Authentication } from '../ledger/authentication.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { refuseActor } from '../ownership/authorise.ts';
import { refuseUnknownParty } from '../parties/party-queries.ts';
import { type Actors, loadActors } from './project-actors.ts';
import { type Proposal, type ProposalDocument, presentProposal } from './proposal.ts';
import { findProposalsById } from './proposal-queries.ts';

export interface WithdrawProposalCommand {
  readonly proposalId: string;
  /** The project's account, which never changes. */
  readonly accountId: string;
  /** Null: the calling service itself. */
  readonly by: string | null;
  readonly authentication: Authentication;
}

interface Loaded {
  readonly proposals: ReadonlyMap<string, Proposal>;
  readonly actors: Actors;
}

/**
 * Takes a pending proposal back, by who made it, a holder with the right `manage` or the calling service. Locks the
 * account.
 */
export const withdrawProposal: OperationKind<WithdrawProposalCommand, Loaded, Proposal, ProposalDocument> = {
  accountIds: (command) => [command.accountId],
  ownedAccountIds: (command) => [command.accountId],

  async load(transaction, commands) {
    const proposalIds = commands.map(({ proposalId }) => proposalId);
    const [proposals, actors] = await Promise.all([
      findProposalsById(transaction, proposalIds),
      loadActors(transaction, commands),
    ]);
    return { proposals, actors };
  },

  decide(command, { accounts, loaded, now }) {
    const { proposalId, accountId, by } = command;
    const account = accounts.get(accountId);
    const proposal = loaded.proposals.get(proposalId);
    if (account === undefined || proposal === undefined) {
      return { refusal: noSuch('proposal', proposalId) };
    }
    const isProposer = by !== null && by === proposal.proposedBy;
    const refused =
      refuseNotPending(proposal) ??
      refuseUnknownParty(loaded.actors.partyIds, by, 'by') ??
      (isProposer
        ? undefined
        : refuseActor(command.accountId, loaded.actors.ownership.get(command.accountId)!, command, 'manage'));
    if (refused !== undefined) return { refusal: refused };

    const withdrawn: Proposal = { ...proposal, status: 'withdrawn', finishedAt: now.toISOString() };
    const result = presentProposal(withdrawn, loaded.actors.ownership.get(accountId)!);
    return {
      result,
      changedAccounts: [{ ...account, revision: account.revision + 1 }],
      events: [{ type: 'proposal.withdrawn', accountId, subjectId: proposalId, data: result }],
      effect: withdrawn,
    };
  },

  async write({ knex, ledgerId }, withdrawn) {
    await knex.raw(
      `update proposals o set status = 'withdrawn', finished_at = w.finished_at
       from unnest(:ids::uuid[], :times::timestamptz[]) as w (id, finished_at)
       where o.ledger_id = :ledgerId and o.id = w.id`,
      { ledgerId, ids: withdrawn.map(({ id }) => id), times: withdrawn.map(({ finishedAt }) => finishedAt!) },
    );
  },
};

/** Refuses what only a pending proposal takes. */
export function refuseNotPending({ id, status }: Proposal): Refusal | undefined {
  if (status === 'pending') return undefined;
  return refusal('proposal_not_pending', `Proposal ${id} is ${status}.`, { proposalId: id, state: status });
}
