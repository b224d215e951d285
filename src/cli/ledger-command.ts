import { InvalidArgumentError } from 'commander';
import { validate } from 'uuid';
import type { Database } from '../database/create-database.ts';

/** What an argument is for, and how it is read; as it is where nothing reads it. */
export interface Parameter {
  readonly meaning: string;
  /** Throws InvalidArgumentError. */
  read?(text: string): string;
}

/** A command for operators, as a value: `joint-ledger` is made of the list of these. */
export interface LedgerCommand {
  /** The words that it is called by: `key create`. */
  readonly name: string;
  /** Its script in package.json. */
  readonly script: string;
  /** One line. */
  readonly summary: string;
  /** Its arguments in their order: `<needed>`, `[optional]`. */
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** What it takes by name: `--shards <number>`. */
  readonly options?: Readonly<Record<string, Parameter & { readonly otherwise: string }>>;
  /** Arguments for an example; nothing where it takes none. */
  readonly example: string;
  /**
   * Gets its arguments, then its options. Throws OperatorError with a sentence that says what to do; a result that is
   * bad news, but no failure, says so.
   */
  run(database: Database, args: readonly string[], terminal: CommandTerminal): Promise<CommandResult>;
}

/** What a command answers: to a person, and with `--json` to a program. */
export interface CommandResult {
  readonly text: string;
  readonly json: unknown;
  /** The exit code is 1 though the command did what it should: what was looked at is wrong. */
  readonly isBad?: boolean;
}

/** What a command that takes long shows meanwhile, at a terminal alone. */
export interface CommandTerminal {
  progress(done: number, total: number, doing: string): void;
}

export function readUuid(text: string): string {
  if (!validate(text.trim())) throw new InvalidArgumentError('It must be a UUID.');
  return text.trim().toLowerCase();
}

export function readName(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must have a character at least.');
  return text.trim();
}
