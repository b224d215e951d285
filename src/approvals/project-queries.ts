import type { Scanned } from '../database/bounded-scan.ts';
import type { LedgerSource, LedgerTransaction } from '../database/ledger-transaction.ts';
import { type AccountsPage, scanAccounts } from '../database/scan-accounts.ts';
import { notFound } from '../errors/no-such.ts';
import type { ProjectDocument, ProjectStatus } from './project.ts';

interface ProjectRow {
  id: string;
  account_id: string;
  name: string;
  description: string | null;
  status: ProjectStatus;
  created_by: string | null;
  created_at: Date;
  expires_at: Date | null;
  finished_at: Date | null;
  accepted_proposal_id: string | null;
  has_lapsed: boolean | null;
}

/** SQL: whether the time of project `p` is over and that is not recorded yet. */
export const projectHasLapsed = "(p.status = 'open' and p.expires_at <= clock_timestamp())";

/** A project reads as expired from its time on. */
function selectProjects({ knex, ledgerId }: LedgerSource) {
  return knex('projects as p')
    .select<ProjectRow[]>(
      'p.*',
      knex.raw(
        `(select o.id from proposals o where o.ledger_id = ? and o.project_id = p.id
            and o.status = 'accepted') as accepted_proposal_id`,
        [ledgerId],
      ),
      knex.raw(`${projectHasLapsed} as has_lapsed`),
    )
    .where('p.ledger_id', ledgerId);
}

/** Throws RefusalError `project_not_found`. */
export async function getProject(source: LedgerSource, projectId: string): Promise<ProjectDocument> {
  const [row] = await selectProjects(source).where('p.id', projectId);
  if (row === undefined) throw notFound('project', projectId);
  return asProject(row);
}

/** A page of an account's projects in the order of their ids, which is about that of their creation. */
export async function listProjects(
  source: LedgerSource,
  page: AccountsPage,
  status: ProjectStatus | undefined,
): Promise<Scanned<string, ProjectDocument>> {
  const sql = `case when ${projectHasLapsed} then 'expired' else p.status end = :status`;
  const matches = status === undefined ? [] : [{ sql, bindings: { status } }];
  const scanned = await scanAccounts<ProjectRow>(
    source.knex,
    { rows: selectProjects(source), alias: 'p' },
    page,
    matches,
  );
  return { ...scanned, items: scanned.items.map(asProject) };
}

export async function findProjectsById(
  transaction: LedgerTransaction,
  projectIds: readonly string[],
): Promise<Map<string, ProjectDocument>> {
  const rows = await selectProjects(transaction).whereRaw('p.id = any(?::uuid[])', [[...projectIds]]);
  return new Map(rows.map((row) => [row.id, asProject(row)]));
}

/** Projects of these accounts that have expired and of which that is not recorded yet, soonest first. */
export async function findLapsedProjects(
  transaction: LedgerTransaction,
  { accountIds, now, limit }: { accountIds: readonly string[]; now: Date; limit: number },
): Promise<ProjectDocument[]> {
  const rows = await selectProjects(transaction)
    .where('p.status', 'open')
    .where('p.expires_at', '<=', now)
    .whereRaw('p.account_id = any(?::uuid[])', [[...accountIds]])
    .orderBy(['p.expires_at', 'p.id'])
    .limit(limit);
  return rows.map(asProject);
}

function asProject(row: ProjectRow): ProjectDocument {
  const hasLapsed = row.has_lapsed === true;
  const finishedAt = hasLapsed ? row.expires_at : row.finished_at;
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    description: row.description,
    status: hasLapsed ? 'expired' : row.status,
    by: row.created_by,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    finishedAt: finishedAt?.toISOString() ?? null,
    acceptedProposalId: row.accepted_proposal_id,
  };
}
