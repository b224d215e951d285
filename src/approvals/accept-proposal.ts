import { explain, explained, loadReservations, needed, type Reservations } from '../accounts/explain.ts';
import { noSuch } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { Authentication } from '../ledger/authentication.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { Decision, DecisionState, OperationKind } from '../ledger/operation.ts';
import type { MovementResult } from '../movements/book-legs.ts';
import { decideMovement } from '../movements/decide-movement.ts';
import type { Movement } from '../movements/movement.ts';
import { accountIdsOf } from '../movements/post-movement.ts';
import { refuseActor, refuseLimit } from '../ownership/authorise.ts';
import { bandNow } from '../ownership/ceilings.ts';
import { rightFor } from '../ownership/mandate.ts';
import { refuseUnknownParty } from '../parties/party-queries.ts';
import { type Authorisation, addSignature, refuseAltered } from '../signatures/authorisations.ts';
import { refuseEndedProject, rejectionEvents } from './finish-projects.ts';
import type { ProjectDocument } from './project.ts';
import { type Actors, loadActors } from './project-actors.ts';
import { findProjectsById } from './project-queries.ts';
import {
  instructionOf,
  type Proposal,
  type ProposalDocument,
  paymentKind,
  presentProposal,
  readAcceptances,
} from './proposal.ts';
import { findPending, findProposalsById } from './proposal-queries.ts';
import { refuseNotPending } from './withdraw-proposal.ts';
import { type Acceptance, writeAcceptances } from './write-acceptances.ts';

export interface AcceptProposalCommand {
  readonly proposalId: string;
  readonly projectId: string;
  /** The project's account, which never changes. */
  readonly accountId: string;
  /** Who accepts. Null: the calling service itself, which is enough only where nobody holds the account. */
  readonly by: string | null;
  readonly authentication: Authentication;
  /** What the party was shown, SHA-256 in hexadecimal; null for the calling service, which signs nothing. */
  readonly instructionHash: string | null;
  /** How the proposal is paid when this completes the signatures. */
  readonly payment: Movement;
}

/** The proposal as the acceptance leaves it, with its payment if it was paid. */
export type AcceptedProposal = ProposalDocument & { transaction: MovementResult | null };

interface Loaded {
  readonly projects: ReadonlyMap<string, ProjectDocument>;
  readonly proposals: ReadonlyMap<string, Proposal>;
  /** All pending proposals of the projects. */
  readonly pending: readonly Proposal[];
  readonly actors: Actors;
  readonly reservations: Reservations;
}

type State = DecisionState<Loaded>;
type AcceptanceDecision = Decision<Acceptance, AcceptedProposal>;

/** A holder's acceptance of a proposal that passed the checks of who may accept what. */
interface OpenAcceptance {
  readonly command: AcceptProposalCommand;
  readonly account: LockedAccount;
  /** The proposal with the signature. */
  readonly signed: Proposal;
  /** Null where the party has signed before, and for the calling service. */
  readonly signature: Authorisation | null;
}

/**
 * Accepts a proposal, which is the acceptor's signature under the account's present mandate. The signature that
 * completes them pays the proposal, assigns the project and rejects the rivals; before that nothing is reserved. Locks
 * the account and the one that is paid: of several proposals that are accepted at once the first wins, and every other
 * acceptance finds the project assigned.
 */
export const acceptProposal: OperationKind<AcceptProposalCommand, Loaded, Acceptance, AcceptedProposal> = {
  accountIds: ({ payment }) => accountIdsOf(payment),
  ownedAccountIds: ({ accountId }) => [accountId],

  async load(transaction, commands, accounts) {
    const projectIds = commands.map(({ projectId }) => projectId);
    const proposalIds = commands.map(({ proposalId }) => proposalId);
    const paying = commands.flatMap(({ accountId }) => accounts.get(accountId) ?? []);
    const [projects, proposals, pending, actors, reservations] = await Promise.all([
      findProjectsById(transaction, projectIds),
      findProposalsById(transaction, proposalIds),
      findPending(transaction, projectIds),
      loadActors(transaction, commands),
      loadReservations(transaction, paying),
    ]);
    return { projects, proposals, pending, actors, reservations };
  },

  decide(command, state) {
    const { accounts, loaded, now } = state;
    const account = accounts.get(command.accountId);
    const project = loaded.projects.get(command.projectId);
    const proposal = loaded.proposals.get(command.proposalId);
    if (account === undefined || project === undefined || proposal === undefined) {
      return { refusal: noSuch('proposal', command.proposalId) };
    }
    const refused =
      refuseEndedProject(project) ??
      refuseNotPending(proposal) ??
      refuseUnknownParty(loaded.actors.partyIds, command.by, 'by') ??
      refuseNobody(command, loaded.actors) ??
      refuseActor(
        command.accountId,
        loaded.actors.ownership.get(command.accountId)!,
        command,
        rightFor(paymentKind(proposal)),
      );
    if (refused !== undefined) return { refusal: refused };

    const { holders } = loaded.actors.ownership.get(command.accountId)!;
    const signed = sign(command, proposal, { before: proposal.authorisations, holders, now });
    if ('refusal' in signed) return signed;
    const { authorisation: signature, all: authorisations } = signed;
    return decideSigned({ command, account, signed: { ...proposal, authorisations }, signature }, state);
  },

  write: writeAcceptances,
};

/** Decides what becomes of a proposal with the signature: it is paid, it waits for others, or it can't be signed. */
function decideSigned({ command, account, signed, signature }: OpenAcceptance, state: State): AcceptanceDecision {
  const { actors, reservations } = state.loaded;
  const ownership = actors.ownership.get(account.id)!;
  const reading = readAcceptances(signed, ownership);
  const authority = { origin: { type: 'proposal' as const, id: signed.id }, signedBy: reading.signedBy };
  const facts = { partyIds: actors.partyIds, ownership: actors.ownership, reservations };
  const paid = decideMovement({ ...command.payment, authority }, { ...state, loaded: facts });
  if ('refusal' in paid && !mayPass.has(paid.refusal.code)) return paid;

  const limit = command.by === null ? undefined : refuseLimit(account, ownership, command.by, signed.amount);
  if (limit !== undefined) return { refusal: explained(limit, explain(account, reservations, limit.code)) };
  if (!reading.isReachable) {
    const { mandate } = ownership;
    const band = bandNow(ownership, mandate, { kind: paymentKind(signed), amount: signed.amount });
    const explanation = explain(account, reservations, 'mandate', needed(mandate.version, band, reading));
    const detail = `The mandate of account ${account.id} asks for signatures that its present holders cannot give.`;
    return { refusal: explained(refusal('mandate_unreachable', detail, { accountId: account.id }), explanation) };
  }
  const ids = { proposalId: signed.id, projectId: signed.projectId };
  if (!reading.isComplete) {
    const document = presentProposal(signed, ownership);
    const result = { ...document, transaction: null };
    if (signature === null) return { result };
    const changed = { ...account, revision: account.revision + 1 };
    const { id: accountId } = account;
    return {
      ...{ result, changedAccounts: [changed], effect: { ...ids, signature, payment: null } },
      events: [{ type: 'proposal.signed', accountId, subjectId: signed.id, data: document }],
    };
  }
  if ('refusal' in paid) return paid;

  const finishedAt = state.now.toISOString();
  const transactionId = command.payment.id;
  const accepted: Proposal = { ...signed, status: 'accepted', transactionId, finishedAt, paidBy: reading.signedBy };
  const document = presentProposal(accepted, ownership);
  const project: ProjectDocument = {
    ...state.loaded.projects.get(signed.projectId)!,
    ...{ status: 'assigned', finishedAt, acceptedProposalId: signed.id },
  };
  const rivals = state.loaded.pending.filter(({ id }) => id !== signed.id);
  return {
    result: { ...document, transaction: paid.result },
    changedAccounts: paid.changedAccounts,
    transactions: paid.transactions,
    events: [
      { type: 'proposal.accepted', accountId: account.id, subjectId: signed.id, data: document },
      { type: 'project.assigned', accountId: account.id, subjectId: project.id, data: project },
      ...rejectionEvents(rivals, { id: project.id, finishedAt }, ownership),
    ],
    effect: { ...ids, signature, payment: { transactionId, finishedAt } },
  };
}

/** What money lacks today says nothing of the day on which the last signature comes. */
const mayPass: ReadonlySet<string> = new Set(['insufficient_funds', 'balance_limit_exceeded']);

/** The calling service is nobody whose acceptance could be a signature. */
function refuseNobody({ accountId, by }: AcceptProposalCommand, { ownership }: Actors): Refusal | undefined {
  if (by !== null || !ownership.get(accountId)!.isHeld) return undefined;
  const detail = `Account ${accountId} has holders, so that a party must accept for it.`;
  return refusal('signatures_missing', detail, { accountId });
}

/** The acceptance of a party is its signature; the calling service's own is none. */
function sign(
  { by, instructionHash, authentication }: AcceptProposalCommand,
  proposal: Proposal,
  given: Parameters<typeof addSignature>[2],
): ReturnType<typeof addSignature> {
  const instruction = instructionOf(proposal);
  if (by === null || instructionHash === null) {
    const altered = refuseAltered(instruction, given.before);
    return altered === undefined ? { authorisation: null, all: given.before } : { refusal: altered };
  }
  return addSignature(instruction, { partyId: by, decision: 'approve', instructionHash, authentication }, given);
}
