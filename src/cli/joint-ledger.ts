#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { describeSettings, readConfig } from '../config.ts';
import { createDatabase } from '../database/create-database.ts';
import { startEmbeddedServer } from '../database/embedded/embedded-server.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { buildVersion } from '../metrics/build-version.ts';
import { embeddedDatabaseName, findDatabaseInUse } from '../process/database-in-use.ts';
import { operatorSentence } from '../process/operator-sentence.ts';
import { importAccountsCommand, listAccounts, listEntries, showAccount } from './account-commands.ts';
import { addCommand, groupOf, json, quiet, type Terminal } from './add-command.ts';
import { listAudit } from './audit-commands.ts';
import { callService } from './call-service.ts';
import { openTerminal } from './command-terminal.ts';
import { correctTimes, distributeDatabase, migrateDatabase, seed, verify } from './database-commands.ts';
import { exportCommand, importCommand } from './export-commands.ts';
import { createKey, listKeys, revokeKey } from './key-commands.ts';
import { addLabCommands } from './lab-commands.ts';
import type { LedgerCommand } from './ledger-command.ts';
import { createLedger, listLedgers, renameLedger, setLedgerSignatures } from './ledger-commands.ts';
import { moveDeposit, moveTransfer, moveWithdraw } from './move-commands.ts';
import { listOrders, signOrder } from './order-commands.ts';
import { rolesCommand } from './role-commands.ts';
import { encryptSecretsCommand } from './secret-commands.ts';
import { interimStatement, issueStatement, listStatements, showStatement } from './statement-commands.ts';
import { listIssuers, putIssuer, removeIssuer } from './token-commands.ts';

/** All that operators can do from a terminal. */
export const commands: readonly LedgerCommand[] = [
  migrateDatabase,
  seed,
  distributeDatabase,
  rolesCommand,
  createLedger,
  listLedgers,
  renameLedger,
  setLedgerSignatures,
  createKey,
  listKeys,
  revokeKey,
  putIssuer,
  listIssuers,
  removeIssuer,
  listAudit,
  encryptSecretsCommand,
  listAccounts,
  showAccount,
  listEntries,
  importAccountsCommand,
  listStatements,
  showStatement,
  interimStatement,
  issueStatement,
  moveDeposit,
  moveWithdraw,
  moveTransfer,
  listOrders,
  signOrder,
  verify,
  exportCommand,
  importCommand,
  correctTimes,
];

/**
 * Runs the command that these arguments name, and answers the exit code. What it returns is printed, with `--json` as
 * one line of JSON and nothing else; an error is printed as a sentence. `--help` says how a command is called, and
 * needs no database.
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  const program = createProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
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

function createProgram(terminal: Terminal, exit: (code: number) => void): Command {
  const program = quiet(new Command('joint-ledger'), terminal)
    .description('The ledger service for accounts shared by several people, and commands for those who operate it.')
    .version(buildVersion)
    .helpCommand(false);
  addServiceCommands(program, terminal);
  for (const command of commands) addCommand(program, command, { terminal, exit });
  addLabCommands(groupOf(program, 'lab', terminal), terminal);
  return program;
}

/** What needs no database to begin with: the service itself, and its settings. */
function addServiceCommands(program: Command, terminal: Terminal): void {
  const withProcesses = (command: Command) =>
    command.option('--processes <n>', 'API processes on the port; API_PROCESSES by default');
  withProcesses(quiet(program.command('serve'), terminal))
    .description('Runs the service, as npm start does; set by environment variables, see config.')
    .option('--role <role>', 'api, worker, or all of it; ROLE by default')
    .action(({ processes, role }: { processes?: string; role?: string }) =>
      terminal.serve([...optionOf('processes', processes), ...optionOf('role', role)]),
    );
  quiet(program.command('worker'), terminal)
    .description('Runs the workers alone: serve --role worker.')
    .action(() => terminal.serve(optionOf('role', 'worker')));
  quiet(program.command('config'), terminal)
    .description('Prints every setting with its value, where that comes from, and what it means; secrets are left out.')
    .addOption(json)
    .action((options: { json?: true }) => {
      const settings = describeSettings(process.env);
      const lines = settings.map(
        ({ name, value, source, meaning }) => `${name}=${value ?? ''}  (${source})\n    ${meaning}`,
      );
      terminal.print(`${options.json ? JSON.stringify(settings) : lines.join('\n')}\n`);
    });
}

function optionOf(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`--${name}`, value];
}

const withDatabase: Terminal['withDatabase'] = async (run) => {
  const url = await findDatabaseInUse(readConfig(process.env, []));
  const options = { url, poolSize: 4, applicationName: 'joint-ledger cli', acquireTimeoutMs: 10_000 };
  const database = createDatabase(options);
  try {
    return await run(database);
  } finally {
    await database.destroy();
  }
};

const withService: Terminal['withService'] = (url, ask) => {
  const { JOINT_LEDGER_URL, JOINT_LEDGER_KEY: apiKey } = process.env;
  return callService({ url: url ?? JOINT_LEDGER_URL, apiKey }, ask);
};

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

/** The service takes its arguments as if node had been started with it. */
async function serve(args: readonly string[]): Promise<void> {
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  process.argv = [process.execPath, main, ...args];
  await import(main);
}

/** By its own name, or by that under which a package puts it. */
function isStarted(): boolean {
  const started = process.argv[1];
  return started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url);
}

if (isStarted()) {
  const code = await runCommandLine(process.argv.slice(2), {
    print: (text) => process.stdout.write(text),
    complain: (text) => process.stderr.write(text),
    ...openTerminal(),
    config: () => readConfig(process.env, []),
    withDatabase,
    withService,
    withLab,
    serve,
  });
  // The service decides itself how it ends.
  if (code !== 0) process.exitCode = code;
}
