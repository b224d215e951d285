import { v7 as uuidv7 } from 'uuid';
import { readConfig } from './config.ts';
import { createDatabase, type Database } from './database/create-database.ts';
import { findRunningEmbeddedServer } from './database/embedded/embedded-server.ts';
import { createApiKey, hashApiKey } from './ledger/api-key.ts';
import { operatorSentence } from './operator-sentence.ts';

/** `npm run ledger:create -- "Name"`: opens a ledger and prints its only API key, once. */
async function main(name: string | undefined): Promise<void> {
  if (name === undefined || name.trim() === '') throw new Error('Give the ledger a name: npm run ledger:create -- "Name"');
  const { databaseUrl, dataDir } = readConfig(process.env, []);
  const url = databaseUrl ?? (await findRunningEmbeddedServer({ dataDir, database: 'ledger' }));
  if (url === undefined) throw new Error('Set DATABASE_URL, or start the service and its embedded database first.');
  const database = createDatabase({ url, poolSize: 1, applicationName: 'joint-ledger create', acquireTimeoutMs: 10_000 });
  try {
    const { ledgerId, apiKey } = await createLedger(database, name);
    process.stdout.write(`Ledger: ${ledgerId}\nAPI key (kept nowhere, note it now): ${apiKey}\n`);
  } finally {
    await database.destroy();
  }
}

async function createLedger(database: Database, name: string): Promise<{ ledgerId: string; apiKey: string }> {
  const ledgerId = uuidv7();
  const apiKey = createApiKey();
  await database.transaction(async (knex) => {
    await knex('ledgers').insert({ id: ledgerId, name });
    await knex('api_keys').insert({ ledger_id: ledgerId, id: uuidv7(), name: 'First key', key_hash: hashApiKey(apiKey) });
  });
  return { ledgerId, apiKey };
}

main(process.argv[2]).catch((error: unknown) => {
  process.stderr.write(`joint-ledger: ${operatorSentence(error)}\n`);
  process.exitCode = 1;
});
