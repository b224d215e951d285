import { type Scanned, scanRows } from '../database/bounded-scan.ts';
import type { LedgerSource, LedgerTransaction } from '../database/ledger-transaction.ts';
import { type Joined, notBefore } from '../database/scan-accounts.ts';
import { notFound } from '../errors/no-such.ts';
import type { PageAsked } from '../http/paging.ts';
import { Money } from '../money/money.ts';
import { type Authorisation, findAuthorisations } from '../signatures/authorisations.ts';
import { projectHasLapsed } from './project-queries.ts';
import type { Proposal, ProposalStatus } from './proposal.ts';

interface ProposalRow {
  id: string;
  project_id: string;
  account_id: string;
  to_account_id: string | null;
  title: string;
  description: string | null;
  status: ProposalStatus;
  amount: string;
  currency: string;
  proposed_by: string | null;
  transaction_id: string | null;
  created_at: Date;
  finished_at: Date | null;
  signed_by: string[] | null;
  project_expires_at: Date | null;
  was_rejected: boolean | null;
}

/** SQL: whether proposal `o` was rejected by the end of project `p`, which is not recorded yet. */
const wasRejected = `(o.status = 'pending' and ${projectHasLapsed})`;

/** A pending proposal reads as rejected from the moment at which its project expires. */
function selectProposals({ knex, ledgerId }: LedgerSource) {
  return knex('proposals as o')
    .join('projects as p', (on) => on.onVal('p.ledger_id', ledgerId).andOn('p.id', 'o.project_id'))
    .leftJoin('transactions as t', (on) => on.onVal('t.ledger_id', ledgerId).andOn('t.id', 'o.transaction_id'))
    .select<ProposalRow[]>(
      'o.*',
      't.signed_by',
      'p.expires_at as project_expires_at',
      knex.raw(`${wasRejected} as was_rejected`),
    )
    .where('o.ledger_id', ledgerId);
}

/** Throws RefusalError `proposal_not_found`. */
export async function getProposal(source: LedgerSource, proposalId: string): Promise<Proposal> {
  const rows = await selectProposals(source).where('o.id', proposalId);
  const [proposal] = await withAuthorisations(source, rows);
  if (proposal === undefined) throw notFound('proposal', proposalId);
  return proposal;
}

interface ProposalsPage extends PageAsked<string> {
  readonly status: ProposalStatus | undefined;
  readonly joined: Joined;
}

/** A page of a project's proposals in the order of their ids, which is about that of their creation. */
export async function listProposals(
  source: LedgerSource,
  projectId: string,
  { order, limit, after, status, joined }: ProposalsPage,
): Promise<Scanned<string, Proposal>> {
  const sql = `case when ${wasRejected} then 'rejected' else o.status end = :status`;
  const matches = [...(status === undefined ? [] : [{ sql, bindings: { status } }]), ...notBefore(joined, 'o')];
  const rows = selectProposals(source).where('o.project_id', projectId);
  const scan = { by: ['o.id'], order, limit, after: after === null ? null : [after], matches };
  const { items, stoppedAt } = await scanRows<ProposalRow>(source.knex, rows, scan);
  return { items: await withAuthorisations(source, items), stoppedAt: stoppedAt?.id ?? null };
}

export async function findProposalsById(
  transaction: LedgerTransaction,
  proposalIds: readonly string[],
): Promise<Map<string, Proposal>> {
  const rows = await selectProposals(transaction).whereRaw('o.id = any(?::uuid[])', [[...proposalIds]]);
  const proposals = await withAuthorisations(transaction, rows);
  return new Map(proposals.map((proposal) => [proposal.id, proposal]));
}

/** All pending proposals of these projects. */
export async function findPending(
  transaction: LedgerTransaction,
  projectIds: readonly string[],
): Promise<readonly Proposal[]> {
  const rows = await selectProposals(transaction)
    .where('o.status', 'pending')
    .whereRaw('o.project_id = any(?::uuid[])', [[...projectIds]])
    .orderBy('o.id');
  return withAuthorisations(transaction, rows);
}

/** How many proposals of these projects are pending; a project without any is absent. */
export async function countPending(
  { knex, ledgerId }: LedgerTransaction,
  projectIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await knex('proposals')
    .select('project_id', knex.raw('count(*)::int as pending'))
    .where({ ledger_id: ledgerId, status: 'pending' })
    .whereRaw('project_id = any(?::uuid[])', [[...projectIds]])
    .groupBy('project_id');
  return new Map(rows.map((row) => [row.project_id, row.pending]));
}

async function withAuthorisations(source: LedgerSource, rows: readonly ProposalRow[]): Promise<Proposal[]> {
  const authorisations = await findAuthorisations(
    source,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => asProposal(row, authorisations.get(row.id) ?? []));
}

/** A proposal as its row says. */
export function asProposal(row: ProposalRow, authorisations: readonly Authorisation[]): Proposal {
  const isRejected = row.was_rejected === true;
  const finishedAt = isRejected ? row.project_expires_at : row.finished_at;
  return {
    id: row.id,
    projectId: row.project_id,
    accountId: row.account_id,
    toAccountId: row.to_account_id,
    title: row.title,
    description: row.description,
    amount: Money.fromDatabase(row.amount, row.currency),
    status: isRejected ? 'rejected' : row.status,
    proposedBy: row.proposed_by,
    transactionId: row.transaction_id,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.project_expires_at,
    finishedAt: finishedAt?.toISOString() ?? null,
    authorisations,
    paidBy: row.transaction_id === null ? null : (row.signed_by ?? []),
  };
}
