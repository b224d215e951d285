import type { Rule } from './lint-statement.ts';

/** Statements that may do what others must not, by the source file that they come from, or by their text. */
interface StatementException {
  readonly sources: RegExp;
  readonly texts?: RegExp;
  /** All of them when left out. */
  readonly rules?: readonly Rule[];
  readonly reason: string;
}

export const statementExceptions: readonly StatementException[] = [
  {
    sources: /^src\//,
    texts: /^\s*\/\* one server \*\//,
    reason: 'Not sent where ledgers live on several nodes (`database/server-kind.ts`).',
  },
  { sources: /^migrations\//, reason: 'Migrations run on the whole schema, before it is distributed.' },
  { sources: /^src\/distribute\.ts$/, reason: 'Runs at the coordinator, on its catalogues and settings.' },
  { sources: /^src\/lab\//, reason: 'The race lab has tables of its own, in a schema that is dropped afterwards.' },
  {
    sources: /^src\/database\/(session|open-session|migrate|readiness)\.ts$/,
    rules: ['volatile'],
    reason: 'Set up a session with the server that it is with, and no ledger.',
  },
  {
    sources: /^src\/ledger\/books-rules\.ts$/,
    reason: 'The verification reads the books of all ledgers in one snapshot.',
  },
  {
    sources: /^src\/ledger\/known-ledgers\.ts$/,
    reason: 'The list of ledgers, from which each is asked; while it fails, the last one stands.',
  },
  {
    sources: /^src\/cli\/ledger-commands\.ts$/,
    texts: /^select "id", "name", "created_at" from "ledgers" order by/,
    reason: 'The list of ledgers, for an operator.',
  },
  {
    sources: /^src\/http\/authenticate\.ts$/,
    texts: /where "key_hash" = /,
    reason: 'A key of before does not say of which ledger it is; it is looked for in all of them.',
  },
];
