import { z } from 'zod';
import type { Database } from '../database/create-database.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { actingParty } from '../http/acting-party.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import { pageOf, readPage } from '../http/paging.ts';
import { answered, ok, perform, type Success } from '../http/reply.ts';
import { accountOperation, get, post } from '../http/route.ts';
import { actRefusals, bookingRefusals } from '../http/shared-refusals.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { createTransfer, createWithdrawal } from '../movements/create-movement.ts';
import type { Movement } from '../movements/movement.ts';
import { withoutHidden } from '../movements/present-movement.ts';
import { dryTransactionDocument, transactionDocument } from '../movements/present-transaction.ts';
import { loadOwnership } from '../ownership/load-ownership.ts';
import { rightFor } from '../ownership/mandate.ts';
import { findJoined, findReadable, ifVisible } from '../ownership/visible-accounts.ts';
import { type AcceptedProposal, acceptProposal } from './accept-proposal.ts';
import { makeProposal } from './make-proposal.ts';
import { getVisibleProject } from './project-routes.ts';
import { acceptBody, actBody, projectPath, proposalBody, proposalPath, proposalsQuery } from './project-schemas.ts';
import { type Proposal, type ProposalDocument, paymentKind, presentProposal, proposalDocument } from './proposal.ts';
import { getProposal, listProposals } from './proposal-queries.ts';
import { withdrawProposal } from './withdraw-proposal.ts';

const getVisible = ifVisible('proposal', getProposal, (proposal) => ['view', rightFor(paymentKind(proposal))]);

/** Proposals for one account, as they can be seen without its lock. */
async function describe(
  database: Database,
  caller: Caller,
  accountId: string,
  found: readonly Proposal[],
): Promise<ProposalDocument[]> {
  const ownership = await loadOwnership(sourceOf(caller, database), [accountId], []);
  return found.map((proposal) => presentProposal(proposal, ownership.get(accountId)!));
}

/** The competing proposals of projects: making, reading, accepting and withdrawing them. */
export const proposalRoutes = [
  get(
    '/projects/:projectId/proposals',
    {
      id: 'listProposals',
      summary: 'List the proposals of a project',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: projectPath,
        query: proposalsQuery,
        answers: { 200: pageOf(proposalDocument) },
      },
      refusals: ['project_not_found'],
    },
    async ({ caller, params: { projectId }, query }, { database }) => {
      const { status } = query;
      const { accountId } = await getVisibleProject(database, caller, projectId, 'read');
      const joined = await findJoined(database, caller, [accountId]);
      return readPage(
        query,
        ['proposals', projectId],
        (page) => listProposals(sourceOf(caller, database), projectId, { ...page, status, joined }),
        (proposals) => describe(database, caller, accountId, proposals),
      );
    },
  ),

  post(
    '/projects/:projectId/proposals',
    {
      id: 'createProposal',
      summary: 'Make a proposal for a project',
      ...{ keys: 'any', scope: 'approvals:write', offers: accountOperation, params: projectPath, body: proposalBody },
      answers: { 201: proposalDocument },
      refusals: [
        'key_not_allowed',
        'project_not_found',
        'project_already_assigned',
        'project_not_open',
        'party_not_found',
        'account_not_found',
        'clearing_account',
        'account_closed',
        'currency_mismatch',
        'account_restricted',
        'balance_limit_exceeded',
        'too_many_proposals',
      ],
      examples: { 'An offer': { title: 'Oak, with a stone top', amount: '4800.00', currency: 'USD' } },
    },
    async ({ caller, params: { projectId }, body, options }, { database, engine }) => {
      const { title, amount, description = null, toAccountId = null } = body;
      const proposedBy = actingParty(caller, body.by);
      const { accountId } = await getVisibleProject(database, caller, projectId);
      if (toAccountId === accountId) {
        throw invalidInput([{ path: 'toAccountId', message: "must differ from the project's account" }]);
      }
      const offer = { title, description, amount, toAccountId, proposedBy };
      const command = { id: createId(), projectId, accountId, ...offer };
      return perform(engine, createOperation(makeProposal, command, options), (proposal) => ({
        status: 201,
        body: proposal,
        headers: { Location: `/v1/proposals/${proposal.id}` },
      }));
    },
  ),

  get(
    '/proposals/:proposalId',
    {
      id: 'getProposal',
      summary: 'Read a proposal',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: proposalPath,
        answers: { 200: proposalDocument },
        refusals: ['proposal_not_found'],
      },
    },
    async ({ caller, params: { proposalId } }, { database }) => {
      const proposal = await getVisible(database, caller, proposalId, 'read');
      const [document] = await describe(database, caller, proposal.accountId, [proposal]);
      return ok(document);
    },
  ),

  post(
    '/proposals/:proposalId/withdraw',
    {
      id: 'withdrawProposal',
      summary: 'Withdraw a proposal',
      ...{ keys: 'any', scope: 'approvals:write', offers: accountOperation, params: proposalPath, body: actBody },
      answers: { 200: proposalDocument },
      refusals: [...actRefusals, 'proposal_not_found', 'proposal_not_pending'],
    },
    async ({ caller, params: { proposalId }, body, options }, { database, engine }) => {
      const by = actingParty(caller, body?.by);
      const { accountId } = await getVisible(database, caller, proposalId);
      const command = { proposalId, accountId, by, authentication: caller.authentication };
      return perform(engine, createOperation(withdrawProposal, command, options), ok);
    },
  ),

  post(
    '/proposals/:proposalId/accept',
    {
      id: 'acceptProposal',
      summary: 'Accept a proposal; the last signature pays it',
      ...{
        keys: 'any',
        scope: 'approvals:write',
        offers: { ...accountOperation, dryRun: true },
        params: proposalPath,
        body: acceptBody,
      },
      answers: {
        200: z.union([
          proposalDocument.extend({ transaction: transactionDocument }),
          proposalDocument.extend({
            status: z.literal('dry_run'),
            transactionId: z.null(),
            finishedAt: z.null(),
            transaction: dryTransactionDocument.nullable(),
          }),
        ]),
        202: proposalDocument.extend({ transaction: z.null() }),
      },
      refusals: [
        ...actRefusals,
        ...bookingRefusals,
        'proposal_not_found',
        'project_already_assigned',
        'project_not_open',
        'proposal_not_pending',
        'instruction_mismatch',
        'instruction_altered',
        'signatures_missing',
        'limit_exceeded',
        'mandate_unreachable',
      ],
    },
    async ({ caller, params: { proposalId }, body, options }, { database, engine }) => {
      const named = body?.by;
      // The calling service says with `null` that it means itself; one that forgot the party is told so.
      if (named === undefined && caller.boundParty === null) {
        throw invalidInput([{ path: 'by', message: 'is required: the party that accepts' }]);
      }
      const by = actingParty(caller, named);
      const instructionHash = readHash(by, body?.instructionHash);
      const proposal = await getVisible(database, caller, proposalId);
      const { projectId, accountId } = proposal;
      const { ledgerId, authentication } = caller;
      const payment = { ...paymentOf(ledgerId, proposal, by), authentication };
      const command = { proposalId, projectId, accountId, by, authentication, instructionHash, payment };
      const answer = await engine.submit(createOperation(acceptProposal, command, options));
      const readable = await findReadable(database, caller, [accountId, proposal.toAccountId ?? accountId]);
      const present = options.dryRun ? presentDryRun : presentAccepted;
      return answered(answer, ({ transaction, ...accepted }) =>
        present({ ...accepted, transaction: transaction === null ? null : withoutHidden(transaction, readable) }),
      );
    },
  ),
];

/** A party signs exactly what it was shown; the calling service's own acceptance is no signature. */
function readHash(by: string | null, hash: string | undefined): string | null {
  if (by === null) return null;
  if (hash !== undefined) return hash;
  throw invalidInput([{ path: 'instructionHash', message: 'is required: that of the proposal as the party read it' }]);
}

/** The movement that pays a proposal. All it is made of never changes, so that it can be made before the lock. */
function paymentOf(ledgerId: string, proposal: Proposal, initiatedBy: string | null): Movement {
  const { accountId, toAccountId, amount, title } = proposal;
  const notes = { initiatedBy, authentication: null, description: title, reference: null, metadata: null };
  const options = { amount, valueDate: null, ...notes };
  return toAccountId === null
    ? createWithdrawal(ledgerId, accountId, options)
    : createTransfer(accountId, toAccountId, options);
}

/** 200 with the proposal and its payment, or 202 while signatures are missing. */
function presentAccepted(proposal: AcceptedProposal): Success {
  return { status: proposal.status === 'accepted' ? 200 : 202, body: proposal };
}

/** What would become of the proposal: with a transaction it would be paid, without one it would wait for signatures. */
function presentDryRun({ transaction, ...proposal }: AcceptedProposal): Success {
  const unpaid = { status: 'dry_run', transactionId: null, finishedAt: null };
  const payment = transaction === null ? null : { ...transaction, id: null, status: 'dry_run' };
  return { status: 200, body: { ...proposal, ...unpaid, transaction: payment } };
}
