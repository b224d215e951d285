import type { LedgerSource } from '../database/ledger-transaction.ts';
import { anyOneSigns, type Mandate, type MandateTerms } from './mandate.ts';

/** Something that is decided under a certain version of its account's mandate. */
interface UnderMandate {
  readonly accountId: string;
  readonly mandateVersion: number;
}

/** Versions of mandates, by account and version. */
export type MandateVersions = ReadonlyMap<string, Mandate>;

/** Finds the versions of mandates under which these were made. What is in force never changes, so no lock is needed. */
export async function findMandates(
  { knex, ledgerId }: LedgerSource,
  made: readonly UnderMandate[],
): Promise<MandateVersions> {
  const { rows } = await knex.raw(
    `select m.account_id, m.version, m.terms
     from (select distinct account_id, version from unnest(?::uuid[], ?::bigint[]) as u (account_id, version)) u
     join mandates m on m.ledger_id = ? and m.account_id = u.account_id and m.version = u.version`,
    [made.map(({ accountId }) => accountId), made.map(({ mandateVersion }) => mandateVersion), ledgerId],
  );
  return new Map(
    rows.map((row: { account_id: string; version: number; terms: MandateTerms }) => [
      keyOf({ accountId: row.account_id, mandateVersion: row.version }),
      { version: row.version, ...row.terms },
    ]),
  );
}

export function mandateOf(versions: MandateVersions, made: UnderMandate): Mandate {
  return versions.get(keyOf(made)) ?? anyOneSigns;
}

function keyOf({ accountId, mandateVersion }: UnderMandate): string {
  return `${accountId} ${mandateVersion}`;
}
