import type { CallerAnswer, RoundVerdict } from './run-result.ts';
import type { ChangeWork, ClaimWork, GetOrCreateWork } from './strategy.ts';

/** A table of a scenario. Each has a `version` besides, for whom it may help. */
export interface ScenarioTable {
  readonly name: string;
  /** SQL: the columns with their types, `id` first. */
  readonly columns: string;
  /** The column whose value is drawn; undefined for a table that is only there to be locked. */
  readonly shows?: string;
}

/** Where accounts of the scenario live when joint-ledger's engine keeps them: ids by the names of the scenario. */
export interface EngineAccounts {
  readonly ledgerId: string;
  readonly accountIds: Readonly<Record<string, string>>;
}

/** What only the scenario knows of a caller's work. */
type OwnPart<Work> = Omit<Work, 'think' | 'again'>;

interface PlayOf<Kind extends string, Work> {
  readonly kind: Kind;
  /** What the caller wants, in a few words. */
  readonly name: string;
  readonly work: OwnPart<Work>;
}

/** A caller's part in a round. */
export type Play =
  | (PlayOf<'change', ChangeWork> & {
      /** What the caller is told when it is done; asked afterwards, so that it can say what was decided. */
      told(): string;
    })
  | PlayOf<'getOrCreate', GetOrCreateWork>
  | PlayOf<'claim', ClaimWork>;

/** The value of a row that is drawn, after a round. */
export interface FinalValue {
  readonly table: string;
  readonly id: string;
  readonly value: string | null;
}

export interface RoundOutcome {
  readonly callers: number;
  readonly answers: readonly CallerAnswer[];
  readonly values: readonly FinalValue[];
}

/** How a round came out, with what the findings are made of. */
export interface Judgement {
  readonly verdict: RoundVerdict;
  /** Callers who were told the same of what there is only one of, with the rows that it is about. */
  readonly doubled: ReadonlyArray<{ readonly text: string; readonly callers: number[]; readonly rowIds: string[] }>;
  /** A rule about several rows that is broken. */
  readonly skew: { readonly text: string; readonly value: string; readonly callers: number[] } | null;
}

/** What callers meet about: tables, the work of each, and what should come out. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly kind: Play['kind'];
  /** How many callers show it best. */
  readonly callers: number;
  readonly tables: readonly ScenarioTable[];
  /** Strategies that are of no use here although they could be played. */
  readonly without?: readonly string[];
  /** SQL for the rows that are there when a round begins. */
  fill(callers: number): string;
  /** The opening balances, where joint-ledger's engine can keep the accounts. */
  balances?(callers: number): Readonly<Record<string, string>>;
  play(caller: number, callers: number, accounts?: EngineAccounts): Play;
  judge(outcome: RoundOutcome): Judgement;
}
