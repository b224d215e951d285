import { allScenarios } from './all-scenarios.ts';
import { currency } from './amount-changes.ts';
import { type LabRound, openRound, warmUp } from './play-round.ts';
import { BrokenRunError, ProcessGroup } from './process-group.ts';
import type { RunParameters } from './run-parameters.ts';
import type { RunMessage, RunResult, StrategyResult } from './run-result.ts';
import { type ClaimedLab, callerSessions } from './run-schema.ts';
import { allStrategies } from './strategies/all-strategies.ts';
import { StrategyRounds } from './strategy-rounds.ts';

/** The sessions that callers share; with the two that the run itself has while they play, twelve. */
const maxSessions = 10;

/** A run begins no further round after this, and is ended after the other. */
const playMs = 100_000;
const endMs = 150_000;

export interface RunOptions {
  readonly parameters: RunParameters;
  /** Ends the run where it is. */
  readonly signal: AbortSignal;
  /** Receives what there is to tell while it goes on. */
  readonly onMessage: (message: RunMessage) => void;
  /** What the processes of the run execute; the script that belongs to this build by default. */
  readonly processScript?: string | undefined;
}

/**
 * Plays a run in the lab that was claimed for it, which is left afterwards whatever happened: no schema, no session and
 * no process stays. Throws the reason of the signal, and BrokenRunError when a process of the run dies or when it takes
 * too long.
 */
export async function runLab(lab: ClaimedLab, options: RunOptions): Promise<RunResult> {
  const { parameters, onMessage } = options;
  const { runId, serverVersion } = lab;
  const startedAt = new Date();
  const tooLong = new AbortController();
  const timer = setTimeout(() => tooLong.abort(new BrokenRunError('The run took too long.')), endMs);
  const signal = AbortSignal.any([options.signal, tooLong.signal]);
  const processes = Math.min(parameters.processes, parameters.callers);
  const sessions = Math.min(maxSessions, parameters.callers);
  let group: ProcessGroup | undefined;
  try {
    signal.throwIfAborted();
    onMessage({ type: 'started', runId, parameters });
    group = new ProcessGroup(processes, options.processScript);
    const { url, schema } = lab;
    const share = (index: number) => Math.floor(sessions / processes) + (index < sessions % processes ? 1 : 0);
    await group.ask(
      (index) => ({ type: 'open', url, schema, applicationName: callerSessions, sessions: share(index) }),
      'opened',
      signal,
    );
    const strategies = await playStrategies(lab, group, { ...options, signal });
    const tookMs = Math.round(Date.now() - startedAt.getTime());
    return {
      ...{ runId, parameters, startedAt: startedAt.toISOString(), tookMs, serverVersion, sessions },
      ...{ unit: currency, strategies },
    };
  } finally {
    clearTimeout(timer);
    await group?.end();
    await lab.leave();
  }
}

/** One strategy after another, each in tables of its own and with the same share of the time. */
async function playStrategies(lab: ClaimedLab, group: ProcessGroup, options: RunOptions): Promise<StrategyResult[]> {
  const { parameters, signal, onMessage } = options;
  const { rounds } = parameters;
  const scenario = allScenarios.find(({ name }) => name === parameters.scenario)!;
  const results: StrategyResult[] = [];
  for (const name of parameters.strategies) {
    const strategy = allStrategies.find((each) => each.name === name)!;
    await group.ask(() => ({ type: 'rest' }), 'rested', signal);
    const round: LabRound = await openRound(lab, { scenario, strategy, parameters, group });
    const played = new StrategyRounds();
    await round.play(warmUp, signal);
    const until = performance.now() + playMs / parameters.strategies.length;
    for (let number = 1; number <= rounds && (number === 1 || performance.now() < until); number++) {
      const { trace, verdict } = await round.play(number, signal);
      played.add({ trace, verdict });
      const answers = trace.lanes.flatMap(({ answer }) => answer ?? []).sort((a, b) => a.atUs - b.atUs);
      onMessage({ type: 'round', strategy: name, round: number, rounds, verdict, answers });
    }
    results.push(played.result(name));
  }
  return results;
}
