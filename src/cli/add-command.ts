import { Argument, type Command, Option } from 'commander';
import type { Client } from '../client/client.ts';
import type { Database } from '../database/create-database.ts';
import type { LabTerminal } from './lab-commands.ts';
import type { CommandCall, CommandResult, CommandTerminal, LedgerCommand } from './ledger-command.ts';

/** Where a command prints, and what it runs on. */
export interface Terminal extends LabTerminal, CommandTerminal {
  withDatabase(run: (database: Database) => Promise<CommandResult | undefined>): Promise<CommandResult | undefined>;
  /** Asks the service at this address, or where the environment says that it is. */
  withService(
    url: string | undefined,
    ask: (service: Client) => Promise<CommandResult | undefined>,
  ): Promise<CommandResult | undefined>;
  /** Runs the service with these arguments until it is told to stop. */
  serve(args: readonly string[]): Promise<void>;
}

export const json = new Option('--json', 'prints the result as JSON');
const url = new Option('--url <address>', 'where the service is; JOINT_LEDGER_URL, else http://127.0.0.1:3000');

/** Adds a command below its group. `exit` is called with an exit code other than 0. */
export function addCommand(
  program: Command,
  command: LedgerCommand,
  { terminal, exit }: { terminal: Terminal; exit: (code: number) => void },
): void {
  const words = command.name.split(' ');
  const parent = words.length === 1 ? program : groupOf(program, words[0]!, terminal);
  const added = quiet(parent.command(words.at(-1)!), terminal).description(command.summary);
  for (const [name, { meaning, read }] of Object.entries(command.parameters)) {
    const argument = new Argument(name, meaning);
    added.addArgument(read === undefined ? argument : argument.argParser(read));
  }
  for (const [flags, { meaning, read, otherwise }] of Object.entries(command.options ?? {})) {
    const option = new Option(flags, meaning).default(otherwise);
    added.addOption(read === undefined ? option : option.argParser(read));
  }
  if ('ask' in command) added.addOption(url);
  added.addOption(json);
  if (command.remarks !== undefined) added.addHelpText('after', `\n${command.remarks}`);
  added.addHelpText('after', `\nFor example:\n  ${asTyped(command)}`);
  added.action(async (...given: unknown[]) => {
    const options = added.opts<CommandCall['options'] & { json?: true }>();
    const values = given.slice(0, Object.keys(command.parameters).length) as string[];
    const call = { ...terminal, options };
    const result =
      'ask' in command
        ? await terminal.withService(options.url, (service) => command.ask(service, values, call))
        : await terminal.withDatabase((database) => command.run(database, values, call));
    if (result !== undefined) terminal.print(`${options.json ? JSON.stringify(result.json) : result.text}\n`);
    if (result?.isBad) exit(1);
  });
}

const groups: Readonly<Record<string, string>> = {
  ledger: 'Opens, lists and renames ledgers.',
  'token-issuer': 'Says whose tokens a ledger takes from its parties.',
  key: 'Makes, lists and ends API keys.',
  account: 'Lists, shows and imports accounts.',
  move: 'Moves money: shows what would happen, asks, then does it.',
  statement: 'Lists, shows and issues statements of accounts.',
  order: 'Lists and signs payment orders.',
  books: 'Mends times.',
  lab: 'Plays what happens when callers meet at the same rows, and what each cure does.',
};

/** A command as it is typed, with its example. */
export function asTyped({ name, script, example }: LedgerCommand): string {
  if (script === undefined) return `joint-ledger ${name} ${example}`.trimEnd();
  return `npm run ${script}${example === '' ? '' : ` -- ${example}`}`;
}

/** The command that has these as its own: `key` of `key create`. */
export function groupOf(program: Command, word: string, terminal: Terminal): Command {
  return (
    program.commands.find((each) => each.name() === word) ??
    quiet(program.command(word), terminal)
      .description(groups[word] ?? '')
      .helpCommand(false)
  );
}

/** Nothing ends the process or prints by itself. */
export function quiet(command: Command, { print }: Terminal): Command {
  return command.exitOverride().configureOutput({ writeOut: print, writeErr: () => {} });
}
