import type { Knex } from 'knex';
import type { Operation } from '../ledger/operation.ts';
import type { PostingEngine } from '../ledger/posting-engine.ts';

/** A row, by its table and its key. */
export interface RowKey {
  readonly table: string;
  readonly id: string;
}

/** A row as it was read. Amounts are decimal text. */
export interface Row {
  readonly id: string;
  readonly version: number;
  readonly [column: string]: unknown;
}

/** What becomes of a row: its key, and the columns that change. */
export type Write = RowKey & { readonly [column: string]: unknown };

/** A change that the database works out and checks itself, in one statement. */
export interface AtomicChange extends RowKey {
  readonly column: string;
  /** SQL for the new value: `balance - 100.00`. */
  readonly to: string;
  /** SQL that must be true of the row: `balance - 100.00 >= 0`. */
  readonly onlyIf: string;
}

/** What all callers have at hand, whatever their work. */
interface Work {
  /** What a program does between reading and writing: asks another service, renders a page, waits for a person. */
  think(): Promise<void>;
  /** Pauses before another try, and counts it. Throws when there were too many tries. */
  again(): Promise<void>;
}

/** Read rows, think, decide, write them. */
export interface ChangeWork extends Work {
  /** In the order in which this caller comes upon them. */
  readonly rows: readonly RowKey[];
  /** What to write, given the rows as they were read. Throws Refused when the rules forbid it. */
  decide(read: readonly Row[]): readonly Write[];
  /** The same without reading: as statements that the database works out. */
  readonly atOnce: readonly AtomicChange[];
  /** The same as an operation of joint-ledger; undefined where the ledger has no such thing. */
  readonly operation: (() => Operation<unknown>) | undefined;
}

/** Find the row with this name, or make it; answer its id. */
export interface GetOrCreateWork extends Work {
  readonly name: string;
  /** The row below which the name is to be unique. */
  readonly shopId: string;
}

/** Find a task that is free, do it, mark it as done; answer its id, or undefined when none is free. */
export interface ClaimWork extends Work {
  readonly worker: string;
}

/**
 * A way to keep callers out of each other's way, or not to. Its file is shown next to its runs as it stands, so it is
 * written to be read: nothing in it but knex and what the work has at hand. Each function is one request of a caller,
 * on a session that the caller has to itself meanwhile.
 */
export interface Strategy {
  readonly name: string;
  readonly title: string;
  /** What it does, what it costs: one or two sentences. */
  readonly summary: string;
  change?(knex: Knex, work: ChangeWork): Promise<void>;
  getOrCreate?(knex: Knex, work: GetOrCreateWork): Promise<string>;
  claim?(knex: Knex, work: ClaimWork): Promise<string | undefined>;
  /** Instead of `change`: through joint-ledger's engine. */
  post?(engine: PostingEngine, work: ChangeWork): Promise<void>;
  /** What the tables need for it in addition, for `getOrCreate`. */
  readonly constraint?: string;
}

/** A no that the caller can act on; not an error. */
export class Refused extends Error {
  override name = 'Refused';
  /** The status that a service would answer with. */
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The one order for all callers: by table and id, ascending. */
export function inOneOrder<Key extends RowKey>(rows: readonly Key[]): Key[] {
  return rows.toSorted((a, b) => (a.table + a.id < b.table + b.id ? -1 : 1));
}
