import type { Knex } from 'knex';

/** Something in the books that can't be true if every promise was kept. */
export interface BooksFinding {
  readonly rule: string;
  readonly ledgerId: string;
  /** The transaction, account or currency concerned. */
  readonly subject: string;
}

/**
 * What must hold in every ledger at every moment between transactions, in a sentence each, with the query that answers
 * the rows which break it: their `ledger_id` and `subject`.
 */
export type BooksRules = Readonly<Record<string, string>>;

/** Of a rule that is broken, so many rows are named. */
const maxNamed = 100;

/** Called before each of the rules is looked at, with how many were before it, and once more at the end. */
export type OnRule = (done: number, total: number, rule: string) => void;

/** Checks all ledgers by these rules, in one snapshot, and returns everything that is wrong. */
export async function checkRules(
  database: Knex,
  rules: BooksRules,
  onRule: OnRule = () => {},
): Promise<BooksFinding[]> {
  return database.transaction(
    async (snapshot) => {
      const findings: BooksFinding[] = [];
      const all = Object.entries(rules);
      for (const [done, [rule, query]] of all.entries()) {
        onRule(done, all.length, rule);
        const { rows } = await snapshot.raw(`${query} limit ${maxNamed}`);
        for (const row of rows) findings.push({ rule, ledgerId: row.ledger_id, subject: row.subject });
      }
      onRule(all.length, all.length, '');
      return findings;
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}
