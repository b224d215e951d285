import { OperatorError } from '../errors/operator-error.ts';
import { createApiKey, hashApiKey } from '../ledger/api-key.ts';
import { createId } from '../ledger/create-id.ts';
import { runCommand } from './run-command.ts';

/** `npm run ledger:create -- "Name"`: opens a ledger and prints its only API key, once. */
await runCommand(async (database) => {
  const name = process.argv[2]?.trim();
  if (!name) throw new OperatorError('Give the ledger a name: npm run ledger:create -- "Name"');
  const id = createId();
  const apiKey = createApiKey();
  await database.transaction(async (knex) => {
    await knex('ledgers').insert({ id, name });
    await knex('api_keys').insert({ ledger_id: id, id: createId(), name: 'First key', key_hash: hashApiKey(apiKey) });
  });
  return `Ledger: ${id}\nAPI key (kept nowhere, note it now): ${apiKey}`;
});
