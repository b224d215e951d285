import { InvalidArgumentError } from 'commander';
import { validate } from 'uuid';
import type { Client } from '../client/client.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/create-database.ts';

/** What an argument is for, and how it is read; as it is where nothing reads it. */
export interface Parameter {
  readonly meaning: string;
  /** Throws InvalidArgumentError. */
  read?(text: string): string;
}

/** An argument by name; one that takes no value is `true` where it is given. */
export interface NamedParameter extends Parameter {
  /** What it is where it is left out. */
  readonly otherwise?: string;
}

/** A command for operators, as a value: `joint-ledger` is made of the list of these. */
interface Command {
  /** The words that it is called by: `key create`. */
  readonly name: string;
  /** Its own script in package.json, where it has one. */
  readonly script?: string;
  /** One line. */
  readonly summary: string;
  /** What else one should know before using it. */
  readonly remarks?: string;
  /** Its arguments in their order: `<needed>`, `[optional]`. */
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** What it takes by name: `--shards <number>`, `--yes`. */
  readonly options?: Readonly<Record<string, NamedParameter>>;
  /** Arguments for an example; nothing where it takes none. */
  readonly example: string;
}

/**
 * Its `run` throws OperatorError with a sentence that says what to do; a result that is bad news, but no failure, says
 * so. Nothing is printed for one that has written its result itself.
 */
export interface DatabaseCommand extends Command {
  run(database: Database, args: readonly string[], call: CommandCall): Promise<CommandResult | undefined>;
}

/** A command that asks the running service, as any other caller does (`call-service.ts`). */
export interface ServiceCommand extends Command {
  ask(service: Client, args: readonly string[], call: CommandCall): Promise<CommandResult | undefined>;
}

export type LedgerCommand = DatabaseCommand | ServiceCommand;

/** What a command answers: to a person, and with `--json` to a program. */
export interface CommandResult {
  readonly text: string;
  readonly json: unknown;
  /** The exit code is 1 though the command did what it should: what was looked at is wrong. */
  readonly isBad?: boolean;
}

/** What a command has besides its result. */
export interface CommandTerminal {
  /** Throws ConfigError. */
  config(): Config;
  /** Shows at a terminal how far it is, and nothing elsewhere. */
  progress(done: number, total: number, doing: string): void;
  /** Writes to standard output, and answers when there is room for more. Throws OperatorError when nothing reads it. */
  write(text: string | Uint8Array): Promise<void>;
  /** Asks, and answers whether it was answered with yes; undefined where there is no terminal to ask at. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
}

export interface CommandCall extends CommandTerminal {
  /** By their names in camel case. */
  readonly options: Readonly<Record<string, string | undefined>>;
}

export function readUuid(text: string): string {
  if (!validate(text.trim())) throw new InvalidArgumentError('It must be a UUID.');
  return text.trim().toLowerCase();
}

export function readName(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must have a character at least.');
  return text.trim();
}

export function readInstant(text: string): string {
  if (/^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError('It must be an instant such as 2027-01-31T00:00:00Z.');
}
