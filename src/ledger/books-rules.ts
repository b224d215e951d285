import type { Knex } from 'knex';

/** Something in the books that can't be true if every promise was kept. */
export interface BooksFinding {
  readonly rule: string;
  readonly ledgerId: string;
  /** The transaction, account or currency concerned. */
  readonly subject: string;
}

/** What must hold in every ledger at every moment between transactions: a sentence each, and how it is looked for. */
export type BooksRules = Readonly<Record<string, string | RowsRule | EachRowRule>>;

/** Which of these rows break a rule; else a rule is the query that answers them: their `ledger_id` and `subject`. */
export interface RowsRule {
  /** SQL: a query. Rules about the same one are looked for in one pass of it. */
  readonly rows: string;
  /** SQL: true where the rule is broken. */
  readonly broken: string;
  /** SQL: what is named then. */
  readonly subject: string;
}

/** A rule that SQL can't look for: each row of a query is looked at by itself, in constant memory. */
export interface EachRowRule {
  /** SQL: a query, with `ledger_id` and `subject` among its columns. */
  readonly each: string;
  // biome-ignore lint/suspicious/noExplicitAny: the columns are those of the query beside it.
  isBroken(row: any): boolean;
}

/** So many rows are looked at together. */
const rowsAtOnce = 1_000;

/** Of a rule that is broken, so many rows are named. */
const maxNamed = 100;

/** So that the server sorts what it can in memory, of which it takes no more whatever the size of the books. */
const sortMemory = "set local work_mem = '64MB'";

/** Called before each of the passes over the books, with how many were before it, and once more at the end. */
export type OnRule = (done: number, total: number, rule: string) => void;

/** Checks all ledgers by these rules, in one snapshot, and returns everything that is wrong. */
export async function checkRules(
  database: Knex,
  rules: BooksRules,
  onRule: OnRule = () => {},
): Promise<BooksFinding[]> {
  return database.transaction(
    async (snapshot) => {
      await snapshot.raw(sortMemory);
      const findings: BooksFinding[] = [];
      const passes = passesOf(rules);
      for (const [done, { sentences, query }] of passes.entries()) {
        onRule(done, passes.length, sentences.join('; '));
        const { rows } = typeof query === 'string' ? await snapshot.raw(query) : await findBroken(snapshot, query);
        for (const row of rows) {
          findings.push({ rule: sentences[row.rule]!, ledgerId: row.ledger_id, subject: row.subject });
        }
      }
      onRule(passes.length, passes.length, '');
      return findings;
    },
    { isolationLevel: 'repeatable read', readOnly: true },
  );
}

/** A query that answers which of some rules are broken (`rule`, by their place), and by what. */
interface Pass {
  readonly sentences: readonly string[];
  readonly query: string | EachRowRule;
}

async function findBroken(snapshot: Knex, { each, isBroken }: EachRowRule): Promise<{ rows: FoundRow[] }> {
  const found: FoundRow[] = [];
  await snapshot.raw(`declare each_row no scroll cursor for ${each}`);
  for (;;) {
    const { rows } = await snapshot.raw(`fetch ${rowsAtOnce} from each_row`);
    found.push(...rows.filter(isBroken).map((row: FoundRow) => ({ ...row, rule: 0 })));
    if (rows.length < rowsAtOnce || found.length >= maxNamed) break;
  }
  await snapshot.raw('close each_row');
  return { rows: found.slice(0, maxNamed) };
}

interface FoundRow {
  readonly rule: number;
  readonly ledger_id: string;
  readonly subject: string;
}

function passesOf(rules: BooksRules): Pass[] {
  const passes: Pass[] = [];
  const ofRows = new Map<string, Array<[string, RowsRule]>>();
  for (const [sentence, rule] of Object.entries(rules)) {
    if (typeof rule === 'string') {
      const query = `select 0 as rule, ledger_id, subject from (${rule}) broken limit ${maxNamed}`;
      passes.push({ sentences: [sentence], query });
    } else if ('each' in rule) {
      passes.push({ sentences: [sentence], query: rule });
    } else {
      ofRows.set(rule.rows, [...(ofRows.get(rule.rows) ?? []), [sentence, rule]]);
    }
  }
  for (const [rows, about] of ofRows) {
    const each = about.map(([, { broken, subject }], place) => `(${place}, ${broken}, (${subject})::text)`);
    const query = `
      select b.rule, r.ledger_id, b.subject
      from (${rows}) r cross join lateral (values ${each.join(', ')}) as b (rule, is_broken, subject)
      where (${about.map(([, { broken }]) => broken).join(' or ')}) and b.is_broken
      limit ${maxNamed * about.length}`;
    passes.push({ sentences: about.map(([sentence]) => sentence), query });
  }
  return passes;
}
