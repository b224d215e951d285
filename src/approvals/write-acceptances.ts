import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { type Authorisation, writeAuthorisations } from '../signatures/authorisations.ts';
import { finishProjects } from './finish-projects.ts';

/** What an acceptance adds to a proposal: a signature, its payment, or both. */
export interface Acceptance {
  readonly proposalId: string;
  readonly projectId: string;
  /** Null where the party has signed before, and where nobody's signature is asked for. */
  readonly signature: Authorisation | null;
  readonly payment: { readonly transactionId: string; readonly finishedAt: string } | null;
}

/** Writes signatures, and of those proposals that are paid that they and their projects are finished. */
export async function writeAcceptances(
  transaction: LedgerTransaction,
  acceptances: readonly Acceptance[],
): Promise<void> {
  const { knex, ledgerId } = transaction;
  await writeAuthorisations(
    transaction,
    acceptances.flatMap(({ signature }) => signature ?? []),
  );
  const paid = acceptances.flatMap(({ payment, ...ids }) => (payment === null ? [] : { ...ids, ...payment }));
  if (paid.length === 0) return;
  await knex.raw(
    `update proposals o set status = 'accepted', transaction_id = a.transaction_id, finished_at = a.finished_at
     from unnest(:ids::uuid[], :transactionIds::uuid[], :times::timestamptz[]) as a (id, transaction_id, finished_at)
     where o.ledger_id = :ledgerId and o.id = a.id`,
    {
      ledgerId,
      ids: paid.map(({ proposalId }) => proposalId),
      transactionIds: paid.map(({ transactionId }) => transactionId),
      times: paid.map(({ finishedAt }) => finishedAt),
    },
  );
  await finishProjects(
    transaction,
    paid.map(({ projectId, finishedAt }) => ({ id: projectId, status: 'assigned', finishedAt })),
  );
}
