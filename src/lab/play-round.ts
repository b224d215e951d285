import { sampleBlocking } from './blocking-sampler.ts';
import { buildTrace } from './build-trace.ts';
import { createEngineLedger, type EngineLedger } from './engine-ledger.ts';
import type { ProcessGroup } from './process-group.ts';
import type { RunParameters } from './run-parameters.ts';
import type { RoundTrace, RoundVerdict } from './run-result.ts';
import type { ClaimedLab } from './run-schema.ts';
import type { EngineAccounts, FinalValue, Scenario } from './scenario.ts';
import { createTables, fillTables, type RowChange, readChanges, readValues } from './scenario-tables.ts';
import { nowUs } from './shared-clock.ts';
import type { Strategy } from './strategy.ts';

/** Between the order to start and the start: enough for the order to reach all processes. */
const countdownUs = 8_000;

/** The number of a round that is not counted: sessions read the catalogue when they first come to a table. */
export const warmUp = 0;

export interface LabRound {
  play(number: number, signal: AbortSignal): Promise<{ trace: RoundTrace; verdict: RoundVerdict }>;
}

interface RoundOptions {
  readonly scenario: Scenario;
  readonly strategy: Strategy;
  readonly parameters: RunParameters;
  readonly group: ProcessGroup;
}

/** Where the rows of a round live: in the tables of the scenario, or in a ledger of joint-ledger's. */
interface Stage {
  begin(): Promise<EngineAccounts | undefined>;
  readValues(): Promise<FinalValue[]>;
  readChanges(): Promise<RowChange[]>;
}

/** Makes the tables for the rounds of a strategy. */
export async function openRound(lab: ClaimedLab, options: RoundOptions): Promise<LabRound> {
  await lab.renewSchema();
  const stage = options.strategy.post === undefined ? await ownTables(lab, options) : await ledger(lab, options);
  return { play: (number, signal) => playRound(lab, stage, options, { number, signal }) };
}

async function ownTables({ database }: ClaimedLab, { scenario, strategy, parameters }: RoundOptions): Promise<Stage> {
  await createTables(database, scenario, strategy);
  return {
    async begin() {
      await fillTables(database, scenario, parameters.callers);
      return undefined;
    },
    readValues: () => readValues(database, scenario),
    readChanges: () => readChanges(database),
  };
}

async function ledger({ database }: ClaimedLab, { scenario, parameters }: RoundOptions): Promise<Stage> {
  const kept: EngineLedger = await createEngineLedger(database);
  let accounts: EngineAccounts;
  return {
    async begin() {
      accounts = await kept.open(scenario.balances!(parameters.callers));
      return accounts;
    },
    readValues: () => kept.readValues(accounts),
    readChanges: () => kept.readChanges(accounts),
  };
}

async function playRound(
  { database }: ClaimedLab,
  stage: Stage,
  { scenario, strategy, parameters, group }: RoundOptions,
  { number, signal }: { number: number; signal: AbortSignal },
) {
  const { callers: allCallers } = parameters;
  const thinkMs = number === warmUp ? 0 : parameters.thinkMs;
  const processes = group.pids.length;
  const accounts = await stage.begin();
  const before = await stage.readValues();
  const callersOf = (index: number) =>
    Array.from({ length: allCallers }, (_, caller) => caller).filter((caller) => caller % processes === index);
  await group.ask(
    (index) => ({
      ...{ type: 'prepare', scenario: scenario.name, strategy: strategy.name },
      ...{ callers: callersOf(index), allCallers, thinkMs, ...(accounts && { accounts }) },
    }),
    'prepared',
    signal,
  );
  const startUs = nowUs() + countdownUs;
  const over = new AbortController();
  const sampling = sampleBlocking(database, startUs, AbortSignal.any([signal, over.signal]));
  sampling.catch(() => {});
  const played = await group.ask(() => ({ type: 'go', atUs: startUs }), 'played', signal).finally(() => over.abort());
  const samples = await sampling;
  const [values, changes] = [await stage.readValues(), await stage.readChanges()];
  const answers = played.flatMap(({ callers }) => callers.map(({ answer }) => answer));
  const judgement = scenario.judge({ callers: allCallers, answers, values });
  const trace = buildTrace({ round: number, scenario, processes: played, samples, before, changes, judgement });
  return { trace, verdict: withLostUpdates(judgement.verdict, trace) };
}

/** Amounts that were lost and made may cancel each other out; it went wrong all the same. */
function withLostUpdates(verdict: RoundVerdict, { findings }: RoundTrace): RoundVerdict {
  const count = findings.filter(({ kind }) => kind === 'lost update').length;
  if (count === 0 || verdict.problem !== null) return verdict;
  return { ...verdict, problem: `${count} updates lost, which happen to cancel each other out` };
}
