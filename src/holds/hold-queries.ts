import type { Scanned } from '../database/bounded-scan.ts';
import type { LedgerSource, LedgerTransaction } from '../database/ledger-transaction.ts';
import { type AccountsPage, scanAccounts } from '../database/scan-accounts.ts';
import { notFound } from '../errors/no-such.ts';
import { type AuthenticationColumns, authenticationOf } from '../ledger/authentication.ts';
import { Money } from '../money/money.ts';
import { type Hold, type HoldDocument, type HoldStatus, presentHold } from './hold.ts';

interface HoldRow extends AuthenticationColumns {
  id: string;
  account_id: string;
  kind: Hold['kind'];
  status: HoldStatus;
  currency: string;
  amount: string;
  remaining: string;
  captured: string;
  initiated_by: string | null;
  to_account_id: string | null;
  description: string | null;
  reference: string | null;
  metadata: Record<string, unknown> | null;
  created_at: Date;
  expires_at: Date;
  finished_at: Date | null;
  /** It has expired, whether or not that is recorded yet. */
  is_over: boolean;
}

function selectHolds({ knex, ledgerId }: LedgerSource) {
  return knex('holds as h')
    .join('accounts as a', (on) => on.onVal('a.ledger_id', ledgerId).andOn('a.id', 'h.account_id'))
    .select<HoldRow[]>('h.*', 'a.currency', knex.raw('h.expires_at <= clock_timestamp() as is_over'))
    .where('h.ledger_id', ledgerId);
}

/** A hold as it stands by the clock. Throws RefusalError `hold_not_found`. */
export async function getHold(source: LedgerSource, holdId: string): Promise<HoldDocument> {
  const [row] = await selectHolds(source).where('h.id', holdId);
  if (row === undefined) throw notFound('hold', holdId);
  return presentHold(asHold(row));
}

/** A page of what reserves or has reserved money, in the order of their ids: that of their creation. */
export async function listHolds(
  source: LedgerSource,
  page: AccountsPage,
  status: HoldStatus | undefined,
): Promise<Scanned<string, HoldDocument>> {
  const { knex, ledgerId } = source;
  const rows = knex('holds as h').select('h.id', 'h.account_id').where('h.ledger_id', ledgerId);
  const matches = status === undefined ? [] : [{ sql: `${statusByTheClock} = :status`, bindings: { status } }];
  const { items, stoppedAt } = await scanAccounts(knex, { rows, alias: 'h' }, page, matches);
  const found = await selectHolds(source).whereRaw('h.id = any(?::uuid[])', [items.map(({ id }) => id)]);
  const byId = new Map(found.map((row) => [row.id, presentHold(asHold(row))]));
  return { items: items.map(({ id }) => byId.get(id)!), stoppedAt };
}

const statusByTheClock = `
  case when h.status = 'active' and h.expires_at <= clock_timestamp() then 'expired' else h.status end`;

/** A hold, and when the first of the other active holds of its account expires. */
export interface HoldInPlace {
  readonly hold: Hold;
  readonly othersExpireAt: Date | null;
}

/** Reads holds as they are written, whatever the clock says. The rows of their accounts must be locked. */
export async function findHoldsById(
  transaction: LedgerTransaction,
  holdIds: readonly string[],
): Promise<ReadonlyMap<string, HoldInPlace>> {
  const { knex, ledgerId } = transaction;
  const rows = await selectHolds(transaction)
    .select<Array<HoldRow & { others_expire_at: Date | null }>>(
      knex.raw(
        `(select min(o.expires_at) from holds o
          where o.ledger_id = ? and o.account_id = h.account_id and o.status = 'active'
            and o.id <> h.id) as others_expire_at`,
        [ledgerId],
      ),
    )
    .whereRaw('h.id = any(?::uuid[])', [[...holdIds]]);
  return new Map(
    rows.map((row) => [row.id, { hold: asHold({ ...row, is_over: false }), othersExpireAt: row.others_expire_at }]),
  );
}

function asHold(row: HoldRow): Hold {
  const money = (numeric: string) => Money.fromDatabase(numeric, row.currency);
  const hold: Hold = {
    id: row.id,
    kind: row.kind,
    accountId: row.account_id,
    toAccountId: row.to_account_id,
    status: row.status,
    amount: money(row.amount),
    remaining: money(row.remaining),
    captured: money(row.captured),
    initiatedBy: row.initiated_by,
    authentication: authenticationOf(row),
    description: row.description,
    reference: row.reference,
    metadata: row.metadata,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    finishedAt: row.finished_at,
  };
  return row.is_over ? expireByTheClock(hold) : hold;
}

/** What has become of a hold that has expired, before an operation that locks the account has recorded it. */
export function expireByTheClock(hold: Hold): Hold {
  if (hold.status !== 'active') return hold;
  return { ...hold, status: 'expired', remaining: Money.zero(hold.amount.currency), finishedAt: hold.expiresAt };
}
