import { z } from 'zod';
import { allScenarios, strategiesOf } from './all-scenarios.ts';
import { runBounds } from './run-parameters.ts';
import { allStrategies } from './strategies/all-strategies.ts';
import { readStrategySource } from './strategy-source.ts';

const bound = z.strictObject({ min: z.int(), max: z.int(), default: z.int() });

/** All that can be run. */
export const labCatalogue = z.strictObject({
  bounds: z.strictObject({ callers: bound, processes: bound, rounds: bound, thinkMs: bound }),
  scenarios: z.array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      summary: z.string(),
      /** What `callers` is by default. */
      callers: z.int(),
      /** The names of the strategies that it can be played with, in the order in which a comparison shows them. */
      strategies: z.array(z.string()),
    }),
  ),
  strategies: z.array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      summary: z.string(),
      /** TypeScript, as it runs. */
      source: z.string(),
    }),
  ),
});
export type LabCatalogue = z.output<typeof labCatalogue>;

export async function readCatalogue(): Promise<LabCatalogue> {
  const scenarios = allScenarios.map((scenario) => {
    const { name, title, summary, callers } = scenario;
    return { name, title, summary, callers, strategies: strategiesOf(scenario).map((strategy) => strategy.name) };
  });
  const strategies = await Promise.all(
    allStrategies.map(async ({ name, title, summary }) => {
      return { name, title, summary, source: await readStrategySource(name) };
    }),
  );
  return { bounds: runBounds, scenarios, strategies };
}
