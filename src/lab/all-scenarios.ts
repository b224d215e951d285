import type { Scenario } from './scenario.ts';
import { fiveWorkers } from './scenarios/five-workers.ts';
import { getOrCreate } from './scenarios/get-or-create.ts';
import { jointAccount } from './scenarios/joint-account.ts';
import { transfersBothWays } from './scenarios/transfers-both-ways.ts';
import { twoProposals } from './scenarios/two-proposals.ts';
import { userAndProfile } from './scenarios/user-and-profile.ts';
import { writeSkew } from './scenarios/write-skew.ts';
import { allStrategies } from './strategies/all-strategies.ts';
import type { Strategy } from './strategy.ts';

export const allScenarios: readonly Scenario[] = [
  jointAccount,
  transfersBothWays,
  getOrCreate,
  twoProposals,
  fiveWorkers,
  userAndProfile,
  writeSkew,
];

/** The strategies that a scenario can be played with, in their order. */
export function strategiesOf(scenario: Scenario): Strategy[] {
  return allStrategies.filter(
    (strategy) =>
      (strategy[scenario.kind] !== undefined || (strategy.post !== undefined && scenario.balances !== undefined)) &&
      !scenario.without?.includes(strategy.name),
  );
}
