import { parseArgs } from 'node:util';
import { OperatorError } from '../errors/operator-error.ts';

/** How a command is called, said once: for its help, for its complaints, and for reading what stands behind it. */
export interface CommandUsage {
  /** Its script in package.json. */
  readonly script: string;
  /** One line. */
  readonly purpose: string;
  /** Its arguments in order, as they are written in its usage, and what they mean. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Arguments for an example; nothing where it takes none. */
  readonly example: string;
}

/** The command as it is typed: `npm run ledger:create -- "Name"`. */
export function callOf({ script, parameters }: CommandUsage): string {
  return asTyped(script, Object.keys(parameters).join(' '));
}

function asTyped(script: string, args: string): string {
  return `npm run ${script}${args === '' ? '' : ` -- ${args}`}`;
}

/** What `--help` prints. */
export function helpOf(usage: CommandUsage): string {
  const { script, purpose, parameters, example } = usage;
  const width = Math.max(0, ...Object.keys(parameters).map((name) => name.length));
  const explained = Object.entries(parameters).map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`);
  const parts = [
    `Usage: ${callOf(usage)}`,
    purpose,
    ...(explained.length === 0 ? [] : [explained.join('\n')]),
    `For example: ${asTyped(script, example)}`,
  ];
  return parts.join('\n\n');
}

/**
 * The arguments of a command line, at most as many as the command takes; undefined where it asks for help. What begins
 * with a hyphen is an option unless `--` stands before it. Throws OperatorError for an option that does not exist, and
 * for an argument too many: a ledger called `--name=Ours` is never what was meant.
 */
export function readArguments(usage: CommandUsage, commandLine: readonly string[]): string[] | undefined {
  const { tokens, positionals } = parseArgs({
    args: [...commandLine],
    options: { help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const options = tokens.filter((token) => token.kind === 'option');
  const unknown = options.find(({ name, value }) => name !== 'help' || value !== undefined);
  if (unknown !== undefined) {
    const hint = 'the only option is --help, and what begins with a hyphen otherwise goes behind a further --';
    throw new OperatorError(`There is no option ${unknown.rawName} here (${hint}). Usage: ${callOf(usage)}`);
  }
  if (options.length > 0) return undefined;
  const surplus = positionals[Object.keys(usage.parameters).length];
  if (surplus !== undefined) {
    throw new OperatorError(`There is an argument too many, "${surplus}". Usage: ${callOf(usage)}`);
  }
  return positionals;
}
