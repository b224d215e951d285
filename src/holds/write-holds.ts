import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { authenticationColumns } from '../ledger/authentication.ts';
import type { Hold } from './hold.ts';

/** Writes new holds. The rows of their accounts must be locked. */
export async function insertHolds({ knex, ledgerId }: LedgerTransaction, holds: readonly Hold[]): Promise<void> {
  const rows = holds.map((hold) => ({
    ledger_id: ledgerId,
    id: hold.id,
    account_id: hold.accountId,
    kind: hold.kind,
    amount: hold.amount.toString(),
    remaining: hold.remaining.toString(),
    initiated_by: hold.initiatedBy,
    ...authenticationColumns(hold.authentication),
    to_account_id: hold.toAccountId,
    description: hold.description,
    reference: hold.reference,
    metadata: hold.metadata === null ? null : JSON.stringify(hold.metadata),
    created_at: hold.createdAt,
    expires_at: hold.expiresAt,
  }));
  await knex('holds').insert(rows);
}

/** Writes what can change of holds, all in one statement. The rows of their accounts must be locked. */
export async function updateHolds({ knex, ledgerId }: LedgerTransaction, holds: readonly Hold[]): Promise<void> {
  await knex.raw(
    `update holds h
     set status = c.status, remaining = c.remaining, captured = c.captured, expires_at = c.expires_at,
         finished_at = c.finished_at
     from unnest(:ids::uuid[], :statuses::text[], :remaining::numeric[], :captured::numeric[],
                 :expiresAt::timestamptz[], :finishedAt::timestamptz[])
          as c (id, status, remaining, captured, expires_at, finished_at)
     where h.ledger_id = :ledgerId and h.id = c.id`,
    {
      ledgerId,
      ids: holds.map((hold) => hold.id),
      statuses: holds.map((hold) => hold.status),
      remaining: holds.map((hold) => hold.remaining.toString()),
      captured: holds.map((hold) => hold.captured.toString()),
      expiresAt: holds.map((hold) => hold.expiresAt.toISOString()),
      finishedAt: holds.map((hold) => hold.finishedAt?.toISOString() ?? null),
    },
  );
}
