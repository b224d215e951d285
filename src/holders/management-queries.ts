import { behind, type Scanned } from '../database/bounded-scan.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { type AccountsPage, narrowToStatus, scanAccounts } from '../database/scan-accounts.ts';
import { notFound } from '../errors/no-such.ts';
import type { PageAsked } from '../http/paging.ts';
import { type AuthenticationColumns, authenticationOf } from '../ledger/authentication.ts';
import { Money } from '../money/money.ts';
import {
  type History,
  type HolderRight,
  type HolderStatus,
  type LimitsDocument,
  mapLimits,
} from '../ownership/holder.ts';
import type { AccountChange, ChangeStatus, ChangeTerms } from './account-change.ts';

/** A party's membership of an account, whatever became of it. */
export interface HolderRecord {
  readonly accountId: string;
  readonly partyId: string;
  readonly rights: readonly HolderRight[];
  readonly limits: LimitsDocument;
  readonly status: HolderStatus;
  readonly invitedBy: string | null;
  readonly invitationExpiresAt: Date | null;
  readonly joinedAt: Date | null;
  readonly endedAt: Date | null;
  readonly history: History;
}

export const restrictionScopes = ['debits', 'credits', 'both'] as const;

export interface Restriction {
  readonly id: string;
  readonly accountId: string;
  readonly scope: (typeof restrictionScopes)[number];
  readonly reason: string;
  /** The holder who placed it; null for the calling service. */
  readonly placedBy: string | null;
  readonly placedAt: Date;
  readonly liftedBy: string | null;
  readonly liftedAt: Date | null;
  /** Why the calling service lifted what a holder had placed; null otherwise. */
  readonly liftReason: string | null;
}

interface HolderRow {
  account_id: string;
  currency: string;
  party_id: string;
  rights: HolderRight[];
  status: HolderStatus;
  limit_per_movement: string | null;
  limit_per_day: string | null;
  limit_per_month: string | null;
  invited_by: string | null;
  invitation_expires_at: Date | null;
  joined_at: Date | null;
  ended_at: Date | null;
  history: History;
}

/** The memberships of these accounts, in the order of account and party. */
export async function findHolderRecords(
  { knex, ledgerId }: LedgerSource,
  accountIds: readonly string[],
  page?: PageAsked<string>,
): Promise<HolderRecord[]> {
  const query = knex('holders as h')
    .join('accounts as a', (on) => on.onVal('a.ledger_id', ledgerId).andOn('a.id', 'h.account_id'))
    .select<HolderRow[]>('h.*', 'a.currency')
    .where('h.ledger_id', ledgerId)
    .whereRaw('h.account_id = any(?::uuid[])', [[...new Set(accountIds)]])
    .orderBy(['h.account_id', { column: 'h.party_id', order: page?.order ?? 'asc' }]);
  if (page !== undefined) query.limit(page.limit);
  if (page !== undefined && page.after !== null) query.where('h.party_id', behind[page.order], page.after);
  return (await query).map(asHolder);
}

function asHolder(row: HolderRow): HolderRecord {
  const { limit_per_movement: perMovement, limit_per_day: perDay, limit_per_month: perMonth } = row;
  return {
    accountId: row.account_id,
    partyId: row.party_id,
    rights: row.rights,
    limits: mapLimits({ perMovement, perDay, perMonth }, (numeric) =>
      Money.fromDatabase(numeric, row.currency).toString(),
    ),
    status: row.status,
    invitedBy: row.invited_by,
    invitationExpiresAt: row.invitation_expires_at,
    joinedAt: row.joined_at,
    endedAt: row.ended_at,
    history: row.history,
  };
}

interface RestrictionRow {
  id: string;
  account_id: string;
  scope: Restriction['scope'];
  reason: string;
  placed_by: string | null;
  placed_at: Date;
  lifted_by: string | null;
  lifted_at: Date | null;
  lift_reason: string | null;
}

/** A page of the restrictions of an account, in the order in which they were placed. */
export async function listRestrictions(
  { knex, ledgerId }: LedgerSource,
  page: PageAsked<string> & { accountId: string; isActive: boolean | undefined },
): Promise<Restriction[]> {
  const query = knex<RestrictionRow>('restrictions')
    .where('ledger_id', ledgerId)
    .where('account_id', page.accountId)
    .orderBy('id', page.order)
    .limit(page.limit);
  if (page.after !== null) query.where('id', behind[page.order], page.after);
  if (page.isActive === true) query.whereNull('lifted_at');
  if (page.isActive === false) query.whereNotNull('lifted_at');
  return (await query).map(asRestriction);
}

/** These restrictions, and those that stop these accounts. */
export async function findRestrictions(
  { knex, ledgerId }: LedgerSource,
  accountIds: readonly string[],
  restrictionIds: readonly string[],
): Promise<Map<string, Restriction>> {
  const rows = await knex<RestrictionRow>('restrictions')
    .where('ledger_id', ledgerId)
    .whereRaw('(id = any(?::uuid[]) or account_id = any(?::uuid[]) and lifted_at is null)', [
      [...new Set(restrictionIds)],
      [...new Set(accountIds)],
    ]);
  return new Map(rows.map((row) => [row.id, asRestriction(row)]));
}

export async function getRestriction(source: LedgerSource, restrictionId: string): Promise<Restriction> {
  const found = (await findRestrictions(source, [], [restrictionId])).get(restrictionId);
  if (found === undefined) throw notFound('restriction', restrictionId);
  return found;
}

function asRestriction(row: RestrictionRow): Restriction {
  return {
    id: row.id,
    accountId: row.account_id,
    scope: row.scope,
    reason: row.reason,
    placedBy: row.placed_by,
    placedAt: row.placed_at,
    liftedBy: row.lifted_by,
    liftedAt: row.lifted_at,
    liftReason: row.lift_reason,
  };
}

interface ChangeRow extends AuthenticationColumns {
  instruction_hash: Buffer;
  id: string;
  account_id: string;
  terms: ChangeTerms;
  status: ChangeStatus;
  requested_by: string;
  created_at: Date;
  expires_at: Date;
  finished_at: Date | null;
}

/** A page of changes that took or take signatures, in the order of their ids, which is about that of their making. */
export async function listChanges(
  { knex, ledgerId }: LedgerSource,
  page: AccountsPage,
  status: ChangeStatus | undefined,
): Promise<Scanned<string, AccountChange>> {
  const rows = knex('account_changes as c').select('c.*').where('c.ledger_id', ledgerId);
  const matches = narrowToStatus(rows, 'c', status);
  const { items, stoppedAt } = await scanAccounts<ChangeRow>(knex, { rows, alias: 'c' }, page, matches);
  return { items: items.map(asChange), stoppedAt };
}

export async function findChanges(
  { knex, ledgerId }: LedgerSource,
  changeIds: readonly string[],
): Promise<Map<string, AccountChange>> {
  if (changeIds.length === 0) return new Map();
  const rows = await knex<ChangeRow>('account_changes')
    .where('ledger_id', ledgerId)
    .whereRaw('id = any(?::uuid[])', [[...new Set(changeIds)]]);
  return new Map(rows.map((row) => [row.id, asChange(row)]));
}

/** Changes of these accounts that were not signed in time and of which that has not been noted yet, soonest first. */
export async function findLapsedChanges(
  { knex, ledgerId }: LedgerSource,
  { accountIds, now, limit }: { accountIds: readonly string[]; now: Date; limit: number },
): Promise<AccountChange[]> {
  const rows = await knex<ChangeRow>('account_changes')
    .where('ledger_id', ledgerId)
    .where('status', 'waiting')
    .where('expires_at', '<=', now)
    .whereRaw('account_id = any(?::uuid[])', [[...accountIds]])
    .orderBy(['expires_at', 'id'])
    .limit(limit);
  return rows.map(asChange);
}

export async function countWaitingChanges(
  { knex, ledgerId }: LedgerSource,
  accountIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await knex('account_changes')
    .select<Array<{ account_id: string; waiting: number }>>('account_id', knex.raw('count(*) as waiting'))
    .where('ledger_id', ledgerId)
    .where('status', 'waiting')
    .whereRaw('expires_at > clock_timestamp()')
    .whereRaw('account_id = any(?::uuid[])', [[...new Set(accountIds)]])
    .groupBy('account_id');
  return new Map(rows.map((row) => [row.account_id, row.waiting]));
}

export async function getChange(source: LedgerSource, changeId: string): Promise<AccountChange> {
  const found = (await findChanges(source, [changeId])).get(changeId);
  if (found === undefined) throw notFound('account_change', changeId);
  return found;
}

/** A change as its row says. */
export function asChange(row: ChangeRow): AccountChange {
  return {
    id: row.id,
    accountId: row.account_id,
    terms: row.terms,
    status: row.status,
    requestedBy: row.requested_by,
    authentication: authenticationOf(row),
    storedHash: row.instruction_hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    finishedAt: row.finished_at,
  };
}
