import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { OperatorError } from '../errors/operator-error.ts';
import { RefusalError } from '../errors/refusal.ts';
import { readInput } from '../http/read-input.ts';
import { allScenarios, strategiesOf } from '../lab/all-scenarios.ts';
import { drawResult } from '../lab/draw-result.ts';
import { BrokenRunError } from '../lab/process-group.ts';
import { answerLine, resultTable } from '../lab/result-table.ts';
import { runLab } from '../lab/run-lab.ts';
import { type RunParameters, runBounds } from '../lab/run-parameters.ts';
import { completeParameters, runRequest } from '../lab/run-request.ts';
import type { RunMessage, RunResult } from '../lab/run-result.ts';
import { claimLab } from '../lab/run-schema.ts';
import { allStrategies } from '../lab/strategies/all-strategies.ts';

/** Where the lab's commands print, and what they run on. */
export interface LabTerminal {
  print(text: string): void;
  /** For what is not the result. */
  complain(text: string): void;
  /** The database of the lab, and a signal that is aborted when the run is to end early. */
  withLab<Result>(run: (databaseUrl: string, signal: AbortSignal) => Promise<Result>): Promise<Result>;
}

interface RunOptions {
  readonly strategies?: string;
  readonly callers?: number;
  readonly processes?: number;
  readonly rounds?: number;
  readonly thinkMs?: number;
  readonly verbose?: true;
  readonly json?: string | true;
  readonly svg?: string;
}

/** Adds `lab list` and `lab run` below a command that is called `lab`. */
export function addLabCommands(lab: Command, terminal: LabTerminal): void {
  lab
    .command('list')
    .description('Lists the scenarios with the strategies that apply.')
    .action(() => terminal.print(`${listing()}\n`));
  const bounds = ({ min, max, default: usual }: { min: number; max: number; default: number }) =>
    `${min} to ${max}; ${usual} by default`;
  lab
    .command('run')
    .description('Plays a scenario with each strategy, and compares them in a table.')
    .argument('<scenario>', 'what is played: see lab list')
    .option('--strategies <names>', 'those to compare, with commas between them; all that apply by default')
    .option('--callers <n>', `how many meet: ${runBounds.callers.min} to ${runBounds.callers.max}`, wholeNumber)
    .option('--processes <n>', `in how many processes: ${bounds(runBounds.processes)}`, wholeNumber)
    .option('--rounds <n>', `how often, within 100 seconds for all: ${bounds(runBounds.rounds)}`, wholeNumber)
    .option('--think-ms <n>', `between read and write: ${bounds(runBounds.thinkMs)}`, wholeNumber)
    .option('--verbose', 'prints what each caller was answered, as it came')
    .option('--json [file]', 'prints the result as JSON, or writes it to a file besides the table')
    .option('--svg <folder>', 'draws the telling round of each strategy, as <scenario>-<strategy>.svg in this folder')
    .addHelpText(
      'after',
      '\nFor example:\n  npm run lab -- run joint-account --strategies nothing,for-update --verbose',
    )
    .action((scenario: string, options: RunOptions) => run(terminal, scenario, options));
}

async function run(terminal: LabTerminal, scenario: string, options: RunOptions): Promise<void> {
  const parameters = readParameters(scenario, options);
  await openOutputs(options);
  const result = await terminal.withLab((databaseUrl, signal) =>
    play(databaseUrl, parameters, { signal, onMessage: (message) => tell(terminal, message, options.verbose) }),
  );
  if (options.svg !== undefined) await draw(result, options.svg);
  if (options.json === true) {
    terminal.print(`${JSON.stringify(result)}\n`);
    return;
  }
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result)}\n`);
  terminal.print(`${resultTable(result)}\n`);
}

/** Before anything is played: a run whose result can't be written would be for nothing. */
async function openOutputs({ json, svg }: RunOptions): Promise<void> {
  try {
    // Not `recursive`: below a folder that takes no others it never ends.
    if (svg !== undefined)
      await mkdir(svg).catch((error) => (error.code === 'EEXIST' ? undefined : Promise.reject(error)));
    // What an earlier run has left there stays until this one has something better.
    if (typeof json === 'string') await writeFile(json, '', { flag: 'a' });
  } catch (error) {
    throw new OperatorError(`The result could not be written: ${(error as Error).message}.`);
  }
}

async function draw(result: RunResult, folder: string): Promise<void> {
  for (const { file, svg } of await drawResult(result)) await writeFile(path.join(folder, file), svg);
}

async function play(
  databaseUrl: string,
  parameters: RunParameters,
  options: { signal: AbortSignal; onMessage: (message: RunMessage) => void },
): Promise<RunResult> {
  try {
    return await runLab(await claimLab(databaseUrl), { parameters, ...options });
  } catch (error) {
    if (options.signal.aborted) throw new OperatorError('The run was ended; nothing of it is left.');
    if (error instanceof BrokenRunError) throw new OperatorError(`${error.message} Nothing of the run is left.`);
    if (error instanceof RefusalError) throw new OperatorError(error.refusal.detail);
    throw error;
  }
}

function readParameters(scenario: string, options: RunOptions): RunParameters {
  const { callers, processes, rounds, thinkMs } = options;
  const strategies = options.strategies?.split(',').map((name) => name.trim());
  const given = { scenario, strategies, callers, processes, rounds, thinkMs };
  try {
    return completeParameters(readInput(runRequest, given));
  } catch (error) {
    if (error instanceof RefusalError)
      throw new OperatorError(`${error.refusal.detail} (see lab list, and lab run --help).`);
    throw error;
  }
}

function tell({ print, complain }: LabTerminal, message: RunMessage, verbose: true | undefined): void {
  if (message.type !== 'round') return;
  const { strategy, round, rounds, verdict, answers } = message;
  const outcome = verdict.problem ?? 'as it should be';
  const line = `${strategy}, round ${round} of ${rounds}: ${outcome}\n`;
  if (verbose) print(`${line}${answers.map(answerLine).join('\n')}\n`);
  else complain(line);
}

function listing(): string {
  const scenarios = allScenarios.map((scenario) => {
    const { name, title, summary, callers } = scenario;
    const applying = strategiesOf(scenario).map((strategy) => strategy.name);
    return `${name} (${callers} callers)\n  ${title}. ${summary}\n  ${applying.join(', ')}`;
  });
  const strategies = allStrategies.map(({ name, title, summary }) => `${name}\n  ${title}. ${summary}`);
  return ['SCENARIOS', ...scenarios, 'STRATEGIES', ...strategies].join('\n\n');
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number.parseInt(text, 10);
}
