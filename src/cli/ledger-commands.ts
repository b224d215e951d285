import { createApiKey, hashApiKey } from '../ledger/api-key.ts';
import { createId } from '../ledger/create-id.ts';
import { insertLedger } from '../ledger/insert-ledger.ts';
import { type LedgerCommand, readName } from './ledger-command.ts';

/** Opens a ledger, with a key of the service. */
export const createLedger: LedgerCommand = {
  name: 'ledger create',
  script: 'ledger:create',
  summary: 'Opens a ledger and prints its only API key, once.',
  parameters: { '<name>': { meaning: 'what the ledger is called', read: readName } },
  example: '"Flat 7"',
  async run(database, name) {
    const [id, apiKey] = [createId(), createApiKey()];
    await database.transaction(async (knex) => {
      await insertLedger(knex, { id, name });
      await knex('api_keys').insert({ ledger_id: id, id: createId(), name: 'First key', key_hash: hashApiKey(apiKey) });
    });
    return `Ledger: ${id}\nAPI key (kept nowhere, note it now): ${apiKey}`;
  },
};
