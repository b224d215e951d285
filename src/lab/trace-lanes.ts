import type { CallerRecord, RecordedStatement } from './lab-messages.ts';
import type { RoundRecord } from './round-record.ts';

/** A statement with its place in the trace. */
export interface PlacedStatement extends RecordedStatement {
  readonly index: number;
  readonly lane: number;
}

/** A lane with all that was recorded of it. */
export interface RecordedLane {
  readonly index: number;
  readonly process: number;
  readonly pid: number | null;
  /** Undefined for a session of the engine. */
  readonly record: CallerRecord | undefined;
  /** In the order in which they were sent. */
  readonly statements: readonly PlacedStatement[];
}

/** The lanes of a round: its callers by their number, and behind them the sessions of the engine. */
export class TraceLanes {
  readonly lanes: readonly RecordedLane[];
  readonly statements: readonly PlacedStatement[];

  constructor({ processes }: Pick<RoundRecord, 'processes'>) {
    const callers = processes
      .flatMap(({ callers }, process) => callers.map((record) => ({ process, record })))
      .sort((a, b) => a.record.caller - b.record.caller)
      .map((each) => ({ ...each, pid: each.record.pid, recorded: each.record.statements }));
    const engine = processes.flatMap(({ engine }, process) =>
      [...new Set(engine.map(({ pid }) => pid))].map((pid) => ({
        ...{ process, pid, record: undefined },
        recorded: engine.filter((statement) => statement.pid === pid),
      })),
    );
    const statements: PlacedStatement[] = [];
    this.lanes = [...callers, ...engine].map(({ recorded, ...lane }, index) => {
      const placed = recorded.map((each, offset) => ({ ...each, index: statements.length + offset, lane: index }));
      statements.push(...placed);
      return { ...lane, index, statements: placed };
    });
    this.statements = statements;
  }

  /** Who had the backend's session at this time. Callers have it one after another. */
  laneOf(pid: number, atUs: number): RecordedLane | undefined {
    const lanes = this.lanes.filter((lane) => lane.pid === pid);
    return lanes
      .filter(({ record }) => (record?.sessionUs ?? 0) <= atUs)
      .sort((a, b) => (b.record?.sessionUs ?? 0) - (a.record?.sessionUs ?? 0))[0];
  }

  ofCaller(caller: number): RecordedLane {
    return this.lanes.find(({ record }) => record?.caller === caller)!;
  }
}
