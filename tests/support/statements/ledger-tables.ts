import { readFileSync } from 'node:fs';

export interface LedgerTable {
  /** The column that says which ledger a row is of. */
  readonly key: 'ledger_id' | 'id';
  /** Columns whose values would be made by the node that plans an insert which leaves them out. */
  readonly volatileDefaults: readonly string[];
}

const schema = readFileSync(new URL('../../../docs/schema.sql', import.meta.url), 'utf8');

/** The tables with a ledger's rows, by their names, as `docs/schema.sql` has them. */
export const ledgerTables: ReadonlyMap<string, LedgerTable> = new Map(
  [...schema.matchAll(/^CREATE TABLE (\w+) \(\n([\s\S]*?)^\)/gm)].flatMap(([, name, columns]) => {
    const volatileDefaults = [...columns!.matchAll(/^ {2}"?(\w+)"? .* DEFAULT .*\b(?:clock_timestamp|nextval)\(/gm)];
    const key = /^ {2}ledger_id /m.test(columns!) ? 'ledger_id' : name === 'ledgers' ? 'id' : undefined;
    if (key === undefined) return [];
    return [[name!, { key, volatileDefaults: volatileDefaults.map(([, column]) => column!) }] as const];
  }),
);
