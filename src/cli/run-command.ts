import { readConfig } from '../config.ts';
import { createDatabase, type Database } from '../database/create-database.ts';
import { findDatabaseInUse } from '../database-in-use.ts';
import { operatorSentence } from '../operator-sentence.ts';

/**
 * Runs a command on the database that the service uses. What it returns is printed; an error is printed as a sentence
 * and makes the exit code 1.
 */
export async function runCommand(command: (database: Database) => Promise<string>): Promise<void> {
  try {
    const url = await findDatabaseInUse(readConfig(process.env, []));
    const database = createDatabase({
      url,
      poolSize: 4,
      applicationName: 'joint-ledger cli',
      acquireTimeoutMs: 10_000,
    });
    try {
      process.stdout.write(`${await command(database)}\n`);
    } finally {
      await database.destroy();
    }
  } catch (error) {
    process.stderr.write(`joint-ledger: ${operatorSentence(error)}\n`);
    process.exitCode = 1;
  }
}
