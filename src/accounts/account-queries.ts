import { z } from 'zod';
import { groupReads } from '../database/group-reads.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import { prepared } from '../database/prepared-statement.ts';
import { notFound } from '../errors/no-such.ts';
import { amount, count, currencyCode, instantText, signedAmount, uuid } from '../ledger/document-fields.ts';
import {
  type AccountStatus,
  accountStatuses,
  availableBalance,
  type LockedAccount,
  type Ownership,
  ownerships,
} from '../ledger/locked-account.ts';
import { Money } from '../money/money.ts';
import { type HolderDocument, holderDocument, mapLimits } from '../ownership/holder.ts';
import { anyOneSigns, type Mandate } from '../ownership/mandate.ts';
import { mandateDocument } from '../ownership/ownership-schemas.ts';
import { type StatementInterval, statementIntervals } from './statement-schedule.ts';

export const survivorships = ['survivors', 'estate'] as const;

/** What becomes of the account when a holder dies: it is the survivors', or stopped for the estate. */
export type Survivorship = (typeof survivorships)[number];

/**
 * An account as callers see it. A clearing account has only its balance: nothing of it is held, limited or versioned.
 */
export const accountDocument = z
  .strictObject({
    id: uuid,
    name: z.string(),
    externalId: z.string().nullable(),
    currency: currencyCode,
    ownership: z.enum(ownerships),
    status: z.enum(accountStatuses),
    balance: signedAmount,
    held: amount.nullable(),
    available: signedAmount.nullable(),
    overdraftLimit: amount.nullable(),
    version: count.nullable(),
    /** How often anything but entries changed; the entity tag is made of both. */
    revision: count.nullable(),
    holders: z.array(holderDocument),
    mandate: mandateDocument.nullable(),
    debitsStopped: z.boolean(),
    creditsStopped: z.boolean(),
    timeZone: z.string(),
    survivorship: z.enum(survivorships),
    statements: z.enum(statementIntervals),
    metadata: z.record(z.string(), z.unknown()).readonly().nullable(),
    createdAt: instantText,
    closedAt: instantText.nullable(),
  })
  .meta({ id: 'Account' });

export type AccountDocument = z.output<typeof accountDocument>;

interface AccountRow {
  id: string;
  name: string;
  external_id: string | null;
  currency: string;
  ownership: Ownership;
  status: AccountStatus;
  balance: string;
  held: string | null;
  overdraft_limit: string | null;
  version: number | null;
  revision: number;
  holders: HolderDocument[];
  mandate: Mandate | null;
  debits_stopped: boolean;
  credits_stopped: boolean;
  time_zone: string;
  survivorship: Survivorship;
  statements: StatementInterval;
  metadata: Record<string, unknown> | null;
  created_at: Date;
  closed_at: Date | null;
}

/**
 * SQL: the booked balance of the account `a`, stored, or for a clearing account the sum of its entries. This and the
 * following name the ledger by the binding `ledgerId`.
 */
export const bookedBalance = `
  coalesce(a.balance, (select coalesce(sum(e.amount), 0) from entries e
                       where e.ledger_id = :ledgerId and e.account_id = a.id and e.version is null))`;

/** What the holds of the account `a` come to that have expired and are not recorded as such yet. */
const ofExpiredHolds = (what: string) => `
  case when a.next_expiry <= statement_timestamp() then
    coalesce((select ${what} from holds h
              where h.ledger_id = :ledgerId and h.account_id = a.id and h.status = 'active'
                and h.expires_at <= statement_timestamp()), 0) else 0 end`;

/** What holds reserve of the account `a`. */
export const currentlyHeld = `a.held - ${ofExpiredHolds('sum(h.remaining)')}`;

/** The revision as it will be once expired holds are tidied up: each raises it by one (`expireHolds`). */
const currentRevision = `a.revision + ${ofExpiredHolds('count(*)')}`;

/** One statement, so that the balance, what is held and the holders are of one moment. `balance` is SQL. */
const selectAccounts = (balance: string) => `
  select a.id, a.name, a.external_id, a.currency, a.ownership, a.status, ${balance} as balance,
    ${currentlyHeld} as held, a.overdraft_limit, a.version, ${currentRevision} as revision,
    a.debits_stopped, a.credits_stopped, a.time_zone, a.survivorship, a.statements, a.created_at,
    a.closed_at,
    (select d.metadata from account_metadata d where d.ledger_id = :ledgerId and d.account_id = a.id) as metadata,
    (select coalesce(json_agg(json_build_object(
              'partyId', h.party_id, 'rights', h.rights, 'limits', json_build_object(
                'perMovement', h.limit_per_movement::text, 'perDay', h.limit_per_day::text,
                'perMonth', h.limit_per_month::text)) order by h.party_id), '[]')
     from holders h
     where h.ledger_id = :ledgerId and h.account_id = a.id and h.status = 'active') as holders,
    (select jsonb_build_object('version', m.version) || m.terms::jsonb from mandates m
     where m.ledger_id = :ledgerId and m.account_id = a.id order by m.version desc limit 1) as mandate
  from accounts a where a.ledger_id = :ledgerId`;

const selectById = `${selectAccounts(bookedBalance)} and a.id = any(:accountIds::uuid[])`;
const selectByExternalId = `${selectAccounts(bookedBalance)} and a.external_id = any(:externalIds::text[])`;
/** Without the balances of clearing accounts: summing up what may be millions of entries would hold up all others. */
const selectStored = `${selectAccounts('a.balance')} and a.id = any(:accountIds::uuid[])`;

const readStored = groupReads<AccountRow & { balance: string | null }>(async ({ knex, ledgerId }, accountIds) => {
  const statement = knex.raw(selectStored, { ledgerId, accountIds: [...accountIds] });
  const { rows } = await statement.options(prepared(knex, 'read-accounts'));
  return new Map(rows.map((row: AccountRow) => [row.id, row]));
});

/** An account as it is now. Throws RefusalError `account_not_found`. */
export async function getAccount(source: LedgerSource, accountId: string): Promise<AccountDocument> {
  const row = (await readStored(source, [accountId])).get(accountId);
  if (row === undefined) throw notFound('account', accountId);
  if (row.balance !== null) return asAccount(row);
  return (await findAccountsById(source, [accountId])).get(accountId)!;
}

export async function findAccountByExternalId(
  source: LedgerSource,
  externalId: string,
): Promise<AccountDocument | undefined> {
  return (await findAccountsByExternalId(source, [externalId])).get(externalId);
}

export async function findAccountsByExternalId(
  { knex, ledgerId }: LedgerSource,
  externalIds: readonly string[],
): Promise<Map<string, AccountDocument>> {
  if (externalIds.length === 0) return new Map();
  const { rows } = await knex.raw(selectByExternalId, { ledgerId, externalIds: [...externalIds] });
  return new Map(rows.map((row: AccountRow) => [row.external_id!, asAccount(row)]));
}

export async function findAccountsById(
  { knex, ledgerId }: LedgerSource,
  accountIds: readonly string[],
): Promise<Map<string, AccountDocument>> {
  if (accountIds.length === 0) return new Map();
  const { rows } = await knex.raw(selectById, { ledgerId, accountIds: [...accountIds] });
  return new Map(rows.map((row: AccountRow) => [row.id, asAccount(row)]));
}

/** The document of an account whose locked state is newer than what was read. */
export function withState(document: AccountDocument, account: LockedAccount): AccountDocument {
  return {
    ...document,
    status: account.status,
    balance: account.balance.toString(),
    held: account.held.toString(),
    available: availableBalance(account).toString(),
    version: account.version,
    revision: account.revision,
    closedAt: account.closedAt?.toISOString() ?? null,
  };
}

function asAccount(row: AccountRow): AccountDocument {
  const { currency } = row;
  const money = (numeric: string) => Money.fromDatabase(numeric, currency);
  const limitOf = (numeric: string) => money(numeric).toString();
  const balance = money(row.balance);
  const common = {
    id: row.id,
    name: row.name,
    externalId: row.external_id,
    currency,
    ownership: row.ownership,
    status: row.status,
    balance: balance.toString(),
  };
  const settings = {
    debitsStopped: row.debits_stopped,
    creditsStopped: row.credits_stopped,
    timeZone: row.time_zone,
    survivorship: row.survivorship,
    statements: row.statements,
    metadata: row.metadata,
  };
  const dates = { createdAt: row.created_at.toISOString(), closedAt: row.closed_at?.toISOString() ?? null };
  if (row.held === null || row.overdraft_limit === null) {
    const nothing = { held: null, available: null, overdraftLimit: null, version: null, revision: null };
    return { ...common, ...nothing, holders: [], mandate: null, ...settings, ...dates };
  }
  const held = money(row.held);
  const overdraftLimit = money(row.overdraft_limit);
  return {
    ...common,
    held: held.toString(),
    available: availableBalance({ balance, held, overdraftLimit }).toString(),
    overdraftLimit: overdraftLimit.toString(),
    version: row.version,
    revision: row.revision,
    holders: row.holders.map((holder) => ({ ...holder, limits: mapLimits(holder.limits, limitOf) })),
    mandate: row.mandate ?? anyOneSigns,
    ...settings,
    ...dates,
  };
}
