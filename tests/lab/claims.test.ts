import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allScenarios, strategiesOf } from '../../src/lab/all-scenarios.ts';
import type { StrategyResult } from '../../src/lab/run-result.ts';
import { createLabDatabase, type LabRequest, playLab } from '../support/lab-runs.ts';
import { manyOrFew } from '../support/rounds.ts';
import type { TestDatabase } from '../support/test-database.ts';

/**
 * What docs/locking.md claims of a strategy in a scenario:
 *
 * - `keeps`: every round comes out right, and no caller fails;
 * - `breaks`: rounds come out wrong;
 * - SQLSTATEs: every round comes out right, but callers fail with one of these, or are refused because of it.
 */
type Claim = 'keeps' | 'breaks' | readonly string[];

const [refused, unserializable, deadlocked] = [['55P03'], ['40001'], ['40P01']];
const eitherWay = ['40001', '40P01'];
const locks: Record<string, Claim> = {
  'for-update': 'keeps',
  'no-wait': refused,
  'lock-table': 'keeps',
  'advisory-lock': 'keeps',
};
const isolation: Record<string, Claim> = {
  'repeatable-read': unserializable,
  'repeatable-read-retry': 'keeps',
  serializable: unserializable,
  'serializable-retry': 'keeps',
};
const unsafe: Record<string, Claim> = { nothing: 'breaks', transaction: 'breaks' };
const inOneStatement: Record<string, Claim> = { 'atomic-update': 'keeps', 'optimistic-version': 'keeps' };
/** Two rows in opposite order: those who write without having locked wait for each other too. */
const crossing: Record<string, Claim> = {
  nothing: 'breaks',
  ...locks,
  'for-update-arrival': deadlocked,
  ...inOneStatement,
  ...isolation,
  'repeatable-read': eitherWay,
  serializable: eitherWay,
};

const claims: Record<string, Record<string, Claim>> = {
  'joint-account': { ...unsafe, ...locks, ...inOneStatement, ...isolation, 'grouped-engine': 'keeps' },
  'transfers-both-ways': { ...crossing, 'grouped-engine': 'keeps' },
  'get-or-create': {
    ...unsafe,
    ...locks,
    ...isolation,
    'repeatable-read': 'breaks',
    'repeatable-read-retry': 'breaks',
    'unique-key': 'keeps',
    'unique-key-on-conflict': 'keeps',
  },
  'two-proposals': { ...unsafe, ...locks, ...inOneStatement, ...isolation },
  'five-workers': { ...unsafe, ...locks, 'skip-locked': 'keeps', ...inOneStatement, ...isolation },
  'user-and-profile': crossing,
  'write-skew': {
    ...unsafe,
    ...locks,
    'atomic-update': 'breaks',
    'optimistic-version': 'breaks',
    ...isolation,
    'repeatable-read': 'breaks',
    'repeatable-read-retry': 'breaks',
  },
};

/** Of these only that they deadlock: what they lose comes out by chance. */
const onlyDeadlocks: Record<string, string[]> = {
  'transfers-both-ways': ['transaction'],
  'user-and-profile': ['transaction'],
};

let testDatabase: TestDatabase;

beforeAll(async () => {
  testDatabase = await createLabDatabase({ empty: true });
});

afterAll(() => testDatabase.verifyAndDrop());

/** A run may show nothing of what can happen; so many of them in a row never did. */
const maxRuns = 15;
const play = { processes: 2, rounds: manyOrFew(2, 1), thinkMs: 10 };

describe.each(allScenarios)('$name', (scenario) => {
  const ofScenario = claims[scenario.name]!;
  const deadlocking = onlyDeadlocks[scenario.name] ?? [];

  test('has a claim for each strategy that applies', () => {
    const names = strategiesOf(scenario).map(({ name }) => name);
    expect([...Object.keys(ofScenario), ...deadlocking].sort()).toEqual(names.sort());
  });

  test('comes out as is claimed of each strategy', async () => {
    const unseen = new Set(strategiesOf(scenario).map(({ name }) => name));
    // Few, because each deadlock takes the server a second to see.
    const callers = scenario.name === 'transfers-both-ways' ? 4 : scenario.callers;
    for (let run = 0; unseen.size > 0 && run < maxRuns; run++) {
      const request = { ...play, scenario: scenario.name, callers, strategies: [...unseen] };
      const { strategies } = await playLab(testDatabase.url, request as LabRequest);
      for (const result of strategies) {
        const claim = deadlocking.includes(result.strategy) ? undefined : ofScenario[result.strategy]!;
        if (claim !== undefined) refuteClaim(result, claim);
        if (isSeen(result, claim ?? deadlocked)) unseen.delete(result.strategy);
      }
    }
    expect([...unseen]).toEqual([]);
  });
});

/** Fails where a run shows what is not claimed. */
function refuteClaim(result: StrategyResult, claim: Claim): void {
  const { strategy, brokenRounds, lost, made, duplicates, lostUpdates, failed, sqlStates } = result;
  if (claim === 'breaks') return;
  const wrong = { brokenRounds, lost, made, duplicates, lostUpdates };
  expect({ strategy, ...wrong }).toEqual({
    ...{ strategy, brokenRounds: 0, lost: '0.00', made: '0.00', duplicates: 0, lostUpdates: 0 },
  });
  if (claim === 'keeps') expect({ strategy, failed }).toEqual({ strategy, failed: 0 });
  else
    expect({ strategy, unclaimed: Object.keys(sqlStates).filter((state) => !claim.includes(state)) }).toEqual({
      strategy,
      unclaimed: [],
    });
}

function isSeen({ brokenRounds, sqlStates }: StrategyResult, claim: Claim): boolean {
  if (claim === 'keeps') return true;
  return claim === 'breaks' ? brokenRounds > 0 : claim.some((state) => sqlStates[state] !== undefined);
}

test('in no round of many for-update in one order deadlocks, nor loses anything', async () => {
  const request = { scenario: 'transfers-both-ways', strategies: ['for-update'], callers: 12, rounds: 10, thinkMs: 1 };
  const { strategies } = await playLab(testDatabase.url, request as LabRequest);
  expect(strategies[0]).toMatchObject({ brokenRounds: 0, sqlStates: {}, done: 120, failed: 0 });
});

test('an atomic update loses nothing, and lets two accounts fall below zero together', async () => {
  let shown: StrategyResult | undefined;
  for (let run = 0; shown === undefined && run < maxRuns; run++) {
    const request = { scenario: 'write-skew', strategies: ['atomic-update'], ...play };
    const { strategies } = await playLab(testDatabase.url, request as LabRequest);
    expect(strategies[0]).toMatchObject({ lost: '0.00', made: '0.00', lostUpdates: 0 });
    if (strategies[0]!.brokenRounds > 0) shown = strategies[0];
  }
  expect(shown?.verdict.problem).toBe('-100.00 together');
  expect(shown?.trace.findings).toEqual([
    expect.objectContaining({ kind: 'write skew', value: '-100.00', lanes: [0, 1], rows: [0, 1] }),
  ]);
});
