import type { BlockingSample } from './blocking-sampler.ts';
import type { CallerRecord, RecordedStatement } from './lab-messages.ts';
import type { FinalValue, Judgement, Scenario } from './scenario.ts';
import type { RowChange } from './scenario-tables.ts';

/** All that is known of a round, as it was gathered; `buildTrace` makes sense of it. */
export interface RoundRecord {
  readonly round: number;
  readonly scenario: Scenario;
  /** Of each process. */
  readonly processes: ReadonlyArray<{
    readonly callers: readonly CallerRecord[];
    readonly engine: readonly RecordedStatement[];
  }>;
  readonly samples: readonly BlockingSample[];
  readonly before: readonly FinalValue[];
  readonly changes: readonly RowChange[];
  readonly judgement: Judgement;
}
