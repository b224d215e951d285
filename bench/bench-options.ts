import { parseArgs } from 'node:util';
import { type BenchLoad, benchLoads, type SubjectName, subjectNames } from './subjects/bench-subject.ts';

/** What was asked for on the command line. Undefined: as the plan has it. */
export interface BenchOptions {
  readonly quick: boolean;
  readonly large: boolean;
  readonly only: readonly BenchLoad[] | undefined;
  readonly connections: readonly number[] | undefined;
  readonly workers: readonly number[] | undefined;
  readonly subjects: readonly SubjectName[] | undefined;
  readonly seconds: number | undefined;
  readonly rounds: number | undefined;
  /** The JSON file to write. */
  readonly out: string | undefined;
  /** Where pgledger's SQL is. */
  readonly pgledger: string | undefined;
  /** The version of this project to compare this one with, as git names it. */
  readonly compare: string | undefined;
}

/** The command line doesn't fit; its message is a sentence for whoever typed it. */
export class BenchOptionsError extends Error {
  override name = 'BenchOptionsError';
}

const options = {
  quick: { type: 'boolean', default: false },
  large: { type: 'boolean', default: false },
  only: { type: 'string' },
  connections: { type: 'string' },
  workers: { type: 'string' },
  subjects: { type: 'string' },
  seconds: { type: 'string' },
  rounds: { type: 'string' },
  out: { type: 'string' },
  compare: { type: 'string' },
  pgledger: { type: 'string' },
} as const;

/** Reads the options; `bench/README.md` describes them. Throws BenchOptionsError. */
export function readBenchOptions(args: readonly string[]): BenchOptions {
  const values = parse(args);
  return {
    quick: values.quick,
    large: values.large,
    only: readNames('--only', values.only, benchLoads),
    connections: readList(values.connections)?.map((text) => readNumber('--connections', text, 1, 4_096)),
    workers: readList(values.workers)?.map((text) => readNumber('--workers', text, 1, 16)),
    subjects: readNames('--subjects', values.subjects, subjectNames),
    seconds: values.seconds === undefined ? undefined : readNumber('--seconds', values.seconds, 1, 3_600),
    rounds: values.rounds === undefined ? undefined : readNumber('--rounds', values.rounds, 1, 100),
    out: values.out,
    compare: values.compare,
    pgledger: values.pgledger,
  };
}

/** The options that two versions are given when they are compared, as on the command line. */
export function optionsOfBoth(args: readonly string[]): string[] {
  const { compare: _compare, rounds: _rounds, out: _out, ...values } = parse(args);
  return Object.entries(values).flatMap(([name, value]) => {
    if (typeof value === 'string') return [`--${name}`, value];
    return value ? [`--${name}`] : [];
  });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new BenchOptionsError(`${(error as Error).message}. The options are ${known.join(', ')}.`);
  }
}

function readList(text: string | undefined): string[] | undefined {
  return text?.split(',').map((part) => part.trim());
}

function readNames<Name extends string>(option: string, text: string | undefined, known: readonly Name[]) {
  return readList(text)?.map((part) => {
    const name = known.find((candidate) => candidate === part);
    if (name === undefined) {
      throw new BenchOptionsError(
        `${option} takes ${known.join(', ')}, separated by commas; "${part}" is none of them.`,
      );
    }
    return name;
  });
}

function readNumber(option: string, text: string, from: number, to: number): number {
  const number = /^\d{1,6}$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  if (number >= from && number <= to) return number;
  throw new BenchOptionsError(`${option} takes whole numbers from ${from} to ${to}; "${text}" is not one.`);
}
