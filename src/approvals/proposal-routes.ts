import type { Response, Router } from 'express';
import { z } from 'zod';
import { invalidInput } from '../errors/invalid-input.ts';
import { actingParty, findReadable, hideFromStrangers } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { readTermsOf } from '../http/operation-terms.ts';
import { cutPage, decodeCursor, encodeCursor } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput } from '../http/read-input.ts';
import { type Success, sendAnswer } from '../http/reply.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { createTransfer, createWithdrawal } from '../movements/create-movement.ts';
import type { Movement } from '../movements/movement.ts';
import { withoutHidden } from '../movements/present-movement.ts';
import { loadOwnership } from '../ownership/load-ownership.ts';
import { type AcceptedProposalDocument, acceptProposal } from './accept-proposal.ts';
import { makeProposal } from './make-proposal.ts';
import { getProject, projectNotFound } from './project-queries.ts';
import { acceptBody, actBody, projectPath, proposalBody, proposalPath, proposalsQuery } from './project-schemas.ts';
import { type Proposal, type ProposalDocument, presentProposal } from './proposal.ts';
import { getProposal, listProposals, proposalNotFound } from './proposal-queries.ts';
import { withdrawProposal } from './withdraw-proposal.ts';

const noQuery = z.strictObject({});

/** The competing proposals of projects: making, reading, accepting and withdrawing them. */
export function addProposalRoutes(router: Router, { database, engine }: ServiceParts): void {
  /** The account of a project, unless the party of a bound key has nothing to do with it. */
  async function findAccountForCaller(res: Response, projectId: string, right?: 'view'): Promise<string> {
    const { accountId } = await getProject(database, callerOf(res).ledgerId, projectId);
    const hidden = { notFound: () => projectNotFound(projectId) };
    await hideFromStrangers(database, callerOf(res), accountId, right === undefined ? hidden : { right, ...hidden });
    return accountId;
  }

  async function findForCaller(res: Response, proposalId: string, right?: 'view'): Promise<Proposal> {
    const proposal = await getProposal(database, callerOf(res).ledgerId, proposalId);
    const hidden = { notFound: () => proposalNotFound(proposalId) };
    await hideFromStrangers(
      database,
      callerOf(res),
      proposal.accountId,
      right === undefined ? hidden : { right, ...hidden },
    );
    return proposal;
  }

  /** Proposals for one account, as they can be seen without its lock. */
  async function describe(res: Response, accountId: string, found: readonly Proposal[]): Promise<ProposalDocument[]> {
    const ownership = await loadOwnership({ knex: database, ledgerId: callerOf(res).ledgerId }, [accountId], []);
    return found.map((proposal) => presentProposal(proposal, ownership.get(accountId)!));
  }

  router
    .route('/projects/:projectId/proposals')
    .post(async (req, res) => {
      const { projectId } = readInput(projectPath, req.params);
      const { title, amount, ...fields } = readInput(proposalBody, req.body);
      const { description = null, toAccountId = null } = fields;
      const proposedBy = actingParty(callerOf(res), fields.proposedBy);
      const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
      const accountId = await findAccountForCaller(res, projectId);
      if (toAccountId === accountId) {
        throw invalidInput([{ path: 'toAccountId', message: "must differ from the project's account" }]);
      }
      const offer = { title, description, amount, toAccountId, proposedBy };
      const command = { id: createId(), projectId, accountId, ...offer };
      sendAnswer(res, await engine.submit(createOperation(makeProposal, command, terms)), (proposal) => ({
        status: 201,
        body: proposal,
        headers: { Location: `/v1/proposals/${proposal.id}` },
      }));
    })
    .get(async (req, res) => {
      const { projectId } = readInput(projectPath, req.params);
      const { limit, cursor, status } = readInput(proposalsQuery, req.query);
      const list = `proposals ${projectId} ${status ?? ''}`;
      const page = { limit: limit + 1, afterId: decodeCursor(list, id, cursor), status };
      const accountId = await findAccountForCaller(res, projectId, 'view');
      const found = await listProposals(database, callerOf(res).ledgerId, projectId, page);
      const { data, nextCursor } = cutPage(found, limit, (last) => encodeCursor(list, last.id));
      res.json({ data: await describe(res, accountId, data), nextCursor });
    })
    .all(methodNotAllowed('GET, POST'));

  router
    .route('/proposals/:proposalId')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const { proposalId } = readInput(proposalPath, req.params);
      const proposal = await findForCaller(res, proposalId, 'view');
      const [document] = await describe(res, proposal.accountId, [proposal]);
      res.json(document);
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/proposals/:proposalId/withdraw')
    .post(async (req, res) => {
      const { proposalId } = readInput(proposalPath, req.params);
      const by = actingParty(callerOf(res), readInput(actBody, req.body)?.by);
      const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
      const { accountId } = await findForCaller(res, proposalId);
      const answer = await engine.submit(createOperation(withdrawProposal, { proposalId, accountId, by }, terms));
      sendAnswer(res, answer, (proposal) => ({ status: 200, body: proposal }));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/proposals/:proposalId/accept')
    .post(async (req, res) => {
      const { proposalId } = readInput(proposalPath, req.params);
      const party = readInput(acceptBody, req.body)?.party;
      // The calling service says with `null` that it means itself; whoever forgot the party is told so.
      if (party === undefined && callerOf(res).boundParty === null) {
        throw invalidInput([{ path: 'party', message: 'must name the party that accepts' }]);
      }
      const by = actingParty(callerOf(res), party);
      const terms = readTermsOf(req, res, { dryRun: true, ifMatch: true });
      const proposal = await findForCaller(res, proposalId);
      const { projectId, accountId } = proposal;
      const command = {
        proposalId,
        projectId,
        accountId,
        by,
        payment: paymentOf(callerOf(res).ledgerId, proposal, by),
      };
      const answer = await engine.submit(createOperation(acceptProposal, command, terms));
      const readable = await findReadable(database, callerOf(res), [accountId, proposal.toAccountId ?? accountId]);
      const present = terms.dryRun ? presentDryRun : presentAccepted;
      sendAnswer(res, answer, ({ transaction, ...accepted }) =>
        present({ ...accepted, transaction: transaction === null ? null : withoutHidden(transaction, readable) }),
      );
    })
    .all(methodNotAllowed('POST'));
}

/** The movement that pays a proposal. All it is made of never changes, so that it can be made before the lock. */
function paymentOf(ledgerId: string, proposal: Proposal, initiatedBy: string | null): Movement {
  const { accountId, toAccountId, amount, title } = proposal;
  const notes = { initiatedBy, description: title, reference: null, metadata: null };
  const terms = { amount, valueDate: null, ...notes };
  return toAccountId === null
    ? createWithdrawal(ledgerId, accountId, terms)
    : createTransfer(accountId, toAccountId, terms);
}

/** 200 with the proposal and its payment, or 202 while signatures are missing. */
function presentAccepted(proposal: AcceptedProposalDocument): Success {
  return { status: proposal.status === 'accepted' ? 200 : 202, body: proposal };
}

/** What would become of the proposal: with a transaction it would be paid, without one it would wait for signatures. */
function presentDryRun({ transaction, ...proposal }: AcceptedProposalDocument): Success {
  const unpaid = { status: 'dry_run', transactionId: null, finishedAt: null };
  const payment = transaction === null ? null : { ...transaction, id: null, status: 'dry_run' };
  return { status: 200, body: { ...proposal, ...unpaid, transaction: payment } };
}
