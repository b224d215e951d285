import type { CallerAnswer, Cell } from './run-result.ts';
import type { EngineAccounts } from './scenario.ts';

/** What a process of a run is told by the one that runs it. */
export type LabCommand =
  | {
      readonly type: 'open';
      /** With the run's schema in it. */
      readonly url: string;
      readonly schema: string;
      readonly applicationName: string;
      readonly sessions: number;
    }
  | {
      readonly type: 'prepare';
      readonly scenario: string;
      readonly strategy: string;
      /** Those who call from this process, and how many there are in all. */
      readonly callers: readonly number[];
      readonly allCallers: number;
      readonly thinkMs: number;
      readonly accounts?: EngineAccounts;
    }
  /** The callers begin at this time of the clock that all processes share. */
  | { readonly type: 'go'; readonly atUs: number }
  /** Gives its sessions back until it is prepared again. */
  | { readonly type: 'rest' };

/** What it answers. */
export type LabReport =
  | { readonly type: 'opened' }
  | { readonly type: 'rested' }
  | { readonly type: 'prepared' }
  | {
      readonly type: 'played';
      readonly callers: readonly CallerRecord[];
      /** Statements of the engine's sessions, which belong to no caller. */
      readonly engine: readonly RecordedStatement[];
    }
  /** Something failed that should not; the process is of no use any more. */
  | { readonly type: 'broken'; readonly detail: string };

/** A statement with the times, counted from the start, at which it was sent and its answer was there. */
export interface RecordedStatement {
  /** The backend that carried it out. */
  readonly pid: number;
  readonly sql: string;
  readonly values: readonly Cell[];
  readonly fromUs: number;
  toUs: number;
  /** PostgreSQL's word for what it did: SELECT, UPDATE, COMMIT, … */
  command: string;
  rows: ReadonlyArray<Record<string, Cell>>;
  affected: number;
  sqlState: string | null;
  /** The server's own details of an error; of a deadlock, who waited for whom. */
  detail: string;
}

export interface Pause {
  readonly kind: 'thinking' | 'pausing' | 'engine';
  readonly fromUs: number;
  readonly toUs: number;
}

/** What a caller did in a round. */
export interface CallerRecord {
  readonly caller: number;
  readonly name: string;
  /** When it had a session; null in the engine, where it needs none. */
  readonly sessionUs: number | null;
  readonly pid: number | null;
  /** What it posted through the engine; null where it writes itself. */
  readonly transactionId: string | null;
  readonly statements: readonly RecordedStatement[];
  readonly pauses: readonly Pause[];
  readonly answer: CallerAnswer;
}
