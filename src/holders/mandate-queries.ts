import type { LedgerSource } from '../database/ledger-transaction.ts';
import type { MandateTerms } from '../ownership/mandate.ts';
import { type MandateDocument, presentMandate } from './present-control.ts';

/** A version of a mandate, and whose act it was; null for the calling service. */
export interface MandateVersionDocument extends MandateDocument {
  createdBy: string | null;
  createdAt: string;
}

interface MandateRow {
  version: number;
  terms: MandateTerms;
  created_by: string | null;
  created_at: Date;
}

/** A page of the versions of an account's mandate, the latest first. */
export async function listMandates(
  { knex, ledgerId }: LedgerSource,
  page: { accountId: string; limit: number; before: number | null },
): Promise<MandateVersionDocument[]> {
  const query = knex<MandateRow>('mandates')
    .where('ledger_id', ledgerId)
    .where('account_id', page.accountId)
    .orderBy('version', 'desc')
    .limit(page.limit);
  if (page.before !== null) query.where('version', '<', page.before);
  return (await query).map(({ version, terms, created_by, created_at }) => ({
    ...presentMandate(page.accountId, { version, terms }),
    createdBy: created_by,
    createdAt: created_at.toISOString(),
  }));
}
