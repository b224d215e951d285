import type { z } from 'zod';
import { behind } from '../database/bounded-scan.ts';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import type { PageAsked } from '../http/paging.ts';
import { instantText, uuid } from '../ledger/document-fields.ts';
import type { MandateTerms } from '../ownership/mandate.ts';
import { accountMandateDocument, presentMandate } from './present-management.ts';

/** A version of a mandate, and whose act it was; null for the calling service. */
export const mandateVersionDocument = accountMandateDocument
  .extend({ by: uuid.nullable(), createdAt: instantText })
  .meta({ id: 'MandateVersion' });

export type MandateVersionDocument = z.output<typeof mandateVersionDocument>;

interface MandateRow {
  version: number;
  terms: MandateTerms;
  created_by: string | null;
  created_at: Date;
}

/** A page of the versions of an account's mandate, in their order. */
export async function listMandates(
  { knex, ledgerId }: LedgerSource,
  page: PageAsked<number> & { accountId: string },
): Promise<MandateVersionDocument[]> {
  const query = knex<MandateRow>('mandates')
    .where('ledger_id', ledgerId)
    .where('account_id', page.accountId)
    .orderBy('version', page.order)
    .limit(page.limit);
  if (page.after !== null) query.where('version', behind[page.order], page.after);
  return (await query).map(({ version, terms, created_by, created_at }) => ({
    ...presentMandate(page.accountId, { version, ...terms }),
    by: created_by,
    createdAt: created_at.toISOString(),
  }));
}
