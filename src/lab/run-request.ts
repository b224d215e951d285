import { z } from 'zod';
import { invalidInput } from '../errors/invalid-input.ts';
import { allScenarios, strategiesOf } from './all-scenarios.ts';
import { type RunParameters, runBounds, runParameters } from './run-parameters.ts';
import { allStrategies } from './strategies/all-strategies.ts';

const names = (list: ReadonlyArray<{ readonly name: string }>) => list.map(({ name }) => name) as [string, ...string[]];
const { callers, processes, rounds, thinkMs } = runParameters.shape;

/** What a caller asks for. What is left out is as the scenario shows it best. */
export const runRequest = z.strictObject({
  scenario: z.enum(names(allScenarios)),
  /** All that apply, where none are named. */
  strategies: z
    .array(z.enum(names(allStrategies)))
    .min(1)
    .max(allStrategies.length)
    .optional(),
  callers: callers.optional(),
  processes: processes.optional(),
  rounds: rounds.optional(),
  thinkMs: thinkMs.optional(),
});

/** Completes what was asked for. Throws RefusalError `validation_failed` for a strategy that does not apply. */
export function completeParameters(request: z.output<typeof runRequest>): RunParameters {
  const scenario = allScenarios.find(({ name }) => name === request.scenario)!;
  const possible = names(strategiesOf(scenario));
  const strategies = [...new Set(request.strategies ?? possible)];
  const unfit = strategies.filter((name) => !possible.includes(name));
  if (unfit.length > 0) {
    const message = `must apply to ${scenario.name}, which ${unfit.join(', ')} does not; ${possible.join(', ')} do`;
    throw invalidInput([{ path: 'strategies', message }]);
  }
  return {
    scenario: scenario.name,
    strategies,
    callers: request.callers ?? scenario.callers,
    processes: request.processes ?? runBounds.processes.default,
    rounds: request.rounds ?? runBounds.rounds.default,
    thinkMs: request.thinkMs ?? runBounds.thinkMs.default,
  };
}
