import { pathToFileURL } from 'node:url';
import { Argument, Command, CommanderError, Option } from 'commander';
import { readConfig } from '../config.ts';
import { createDatabase, type Database } from '../database/create-database.ts';
import { startEmbeddedServer } from '../database/embedded/embedded-server.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { embeddedDatabaseName, findDatabaseInUse } from '../process/database-in-use.ts';
import { operatorSentence } from '../process/operator-sentence.ts';
import { correctTimes, distributeDatabase, migrateDatabase, verify } from './database-commands.ts';
import { createKey, listKeys, revokeKey } from './key-commands.ts';
import { addLabCommands, type LabTerminal } from './lab-commands.ts';
import type { LedgerCommand } from './ledger-command.ts';
import { createLedger } from './ledger-commands.ts';

/** All that operators can do from a terminal. */
export const commands: readonly LedgerCommand[] = [
  migrateDatabase,
  distributeDatabase,
  createLedger,
  createKey,
  listKeys,
  revokeKey,
  verify,
  correctTimes,
];

/** Where a command prints, and what it runs on. */
export interface Terminal extends LabTerminal {
  withDatabase(run: (database: Database) => Promise<string>): Promise<string>;
}

/**
 * Runs the command that these arguments name, and answers the exit code. What it returns is printed; an error is
 * printed as a sentence. `--help` says how a command is called, and needs no database.
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = createProgram(terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.code === 'commander.help') {
      const asked = program.commands.find((command) => command.name() === args[0]) ?? program;
      terminal.complain(asked.helpInformation());
      return 1;
    }
    // Commander has printed the help already.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const sentence =
      error instanceof CommanderError
        ? `${error.message.replace(/^error: /, '')} (see --help)`
        : operatorSentence(error);
    terminal.complain(`joint-ledger: ${sentence}\n`);
    return 1;
  }
}

function createProgram(terminal: Terminal): Command {
  const program = quiet(new Command('joint-ledger'), terminal)
    .description('Commands for the operators of joint-ledger. The service itself starts with npm start.')
    .helpCommand(false);
  for (const command of commands) {
    const words = command.name.split(' ');
    const parent = words.length === 1 ? program : groupOf(program, words[0]!, terminal);
    const added = quiet(parent.command(words.at(-1)!), terminal).description(command.summary);
    for (const [name, { meaning, read }] of Object.entries(command.parameters)) {
      const argument = new Argument(name, meaning);
      added.addArgument(read === undefined ? argument : argument.argParser(read));
    }
    const options = Object.entries(command.options ?? {}).map(([flags, { meaning, read, otherwise }]) => {
      const option = new Option(flags, meaning).default(otherwise);
      added.addOption(read === undefined ? option : option.argParser(read));
      return option.attributeName();
    });
    added.addHelpText('after', `\nFor example:\n  ${asTyped(command)}`);
    added.action(async (...given: unknown[]) => {
      const named = added.opts<Record<string, string>>();
      const values = given.slice(0, Object.keys(command.parameters).length) as string[];
      values.push(...options.map((option) => named[option]!));
      terminal.print(`${await terminal.withDatabase((database) => command.run(database, ...values))}\n`);
    });
  }
  addLabCommands(groupOf(program, 'lab', terminal), terminal);
  return program;
}

const groups: Readonly<Record<string, string>> = {
  ledger: 'Opens ledgers.',
  key: 'Makes, lists and ends API keys.',
  books: 'Proves the books, and mends times.',
  lab: 'Plays what happens when callers meet at the same rows, and what each cure does.',
};

function asTyped({ script, example }: LedgerCommand): string {
  return `npm run ${script}${example === '' ? '' : ` -- ${example}`}`;
}

/** The command that has these as its own: `key` of `key create`. */
function groupOf(program: Command, word: string, terminal: Terminal): Command {
  return (
    program.commands.find((each) => each.name() === word) ??
    quiet(program.command(word), terminal)
      .description(groups[word] ?? '')
      .helpCommand(false)
  );
}

/** Nothing ends the process or prints by itself. */
function quiet(command: Command, { print }: Terminal): Command {
  return command.exitOverride().configureOutput({ writeOut: print, writeErr: () => {} });
}

async function withDatabase(run: (database: Database) => Promise<string>): Promise<string> {
  const url = await findDatabaseInUse(readConfig(process.env, []));
  const options = { url, poolSize: 4, applicationName: 'joint-ledger cli', acquireTimeoutMs: 10_000 };
  const database = createDatabase(options);
  try {
    return await run(database);
  } finally {
    await database.destroy();
  }
}

/** The embedded PostgreSQL is started where it does not run, and stopped afterwards. */
async function withLab<Result>(run: (url: string, signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const config = readConfig(process.env, []);
  if (!config.lab) {
    const way = config.databaseUrl === undefined ? 'leave it out, or set LAB=on' : 'set LAB=on';
    throw new OperatorError(`The race lab is off here; to have it make a schema of its own in the database, ${way}.`);
  }
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  const { dataDir, postgresBin } = config;
  const embedded =
    config.databaseUrl === undefined
      ? await startEmbeddedServer({ dataDir, database: embeddedDatabaseName, binDir: postgresBin, log: () => {} })
      : undefined;
  try {
    return await run(config.databaseUrl ?? embedded!.url, ending.signal);
  } finally {
    await embedded?.stop();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    print: (text) => process.stdout.write(text),
    complain: (text) => process.stderr.write(text),
    withDatabase,
    withLab,
  });
}
