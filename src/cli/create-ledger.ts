import { OperatorError } from '../errors/operator-error.ts';
import { createApiKey, hashApiKey } from '../ledger/api-key.ts';
import { createId } from '../ledger/create-id.ts';
import { callOf } from './command-usage.ts';
import { runCommand } from './run-command.ts';

const usage = {
  script: 'ledger:create',
  purpose: 'Opens a ledger and prints its only API key, once.',
  parameters: { '"Name"': 'what the ledger is called' },
  example: '"Flat 7"',
};

await runCommand(usage, async (database, args) => {
  const name = args[0]?.trim();
  if (!name) throw new OperatorError(`Give the ledger a name: ${callOf(usage)}`);
  const id = createId();
  const apiKey = createApiKey();
  await database.transaction(async (knex) => {
    await knex('ledgers').insert({ id, name });
    await knex('api_keys').insert({ ledger_id: id, id: createId(), name: 'First key', key_hash: hashApiKey(apiKey) });
  });
  return `Ledger: ${id}\nAPI key (kept nowhere, note it now): ${apiKey}`;
});
