import { createApiKey } from '../ledger/api-key.ts';
import { createId } from '../ledger/create-id.ts';
import { insertApiKey, insertLedger } from '../ledger/insert-ledger.ts';
import { type LedgerCommand, readName } from './ledger-command.ts';

/** Opens a ledger, with a key of the service. */
export const createLedger: LedgerCommand = {
  name: 'ledger create',
  script: 'ledger:create',
  summary: 'Opens a ledger and prints its only API key, once.',
  parameters: { '<name>': { meaning: 'what the ledger is called', read: readName } },
  example: '"Flat 7"',
  async run(database, name) {
    const id = createId();
    const apiKey = createApiKey(id);
    await database.transaction(async (knex) => {
      await insertLedger(knex, { id, name });
      await insertApiKey(knex, { ledgerId: id, name: 'First key', apiKey });
    });
    return `Ledger: ${id}\nAPI key (kept nowhere, note it now): ${apiKey}`;
  },
};
