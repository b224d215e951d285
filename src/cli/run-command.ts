import { readConfig } from '../config.ts';
import { createDatabase, type Database } from '../database/create-database.ts';
import { findDatabaseInUse } from '../process/database-in-use.ts';
import { operatorSentence } from '../process/operator-sentence.ts';
import { type CommandUsage, helpOf, readArguments } from './command-usage.ts';

/**
 * Runs a command with its arguments on the database that the service uses. What it returns is printed; an error is
 * printed as a sentence and makes the exit code 1. `--help` prints how it is called, and needs no database.
 */
export async function runCommand(
  usage: CommandUsage,
  command: (database: Database, args: readonly string[]) => Promise<string>,
): Promise<void> {
  try {
    const args = readArguments(usage, process.argv.slice(2));
    const printed = args === undefined ? helpOf(usage) : await withDatabase((database) => command(database, args));
    process.stdout.write(`${printed}\n`);
  } catch (error) {
    process.stderr.write(`joint-ledger: ${operatorSentence(error)}\n`);
    process.exitCode = 1;
  }
}

async function withDatabase<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
  const url = await findDatabaseInUse(readConfig(process.env, []));
  const database = createDatabase({
    url,
    poolSize: 4,
    applicationName: 'joint-ledger cli',
    acquireTimeoutMs: 10_000,
  });
  try {
    return await work(database);
  } finally {
    await database.destroy();
  }
}
