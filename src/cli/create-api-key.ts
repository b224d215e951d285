import { OperatorError } from '../errors/operator-error.ts';
import { createApiKey, hashApiKey } from '../ledger/api-key.ts';
import { createId } from '../ledger/create-id.ts';
import { readUuid } from './read-uuid.ts';
import { runCommand } from './run-command.ts';

const usage = 'npm run api-key:create -- <ledger id> "Name" [<party id>]';

/**
 * `npm run api-key:create -- <ledger id> "Name" [<party id>]`: another key for a ledger, printed once. With a party it
 * is bound to it: it acts for that party only, and sees only the accounts that the party holds.
 */
await runCommand(async (database) => {
  const [ledgerId, name, partyId] = [readUuid(2), process.argv[3]?.trim(), readUuid(4)];
  if (ledgerId === undefined || !name || (process.argv.length > 4 && partyId === undefined)) {
    throw new OperatorError(`Say which ledger, a name for the key, and for a party's own key which party: ${usage}`);
  }
  const ledgers = await database('ledgers').where({ id: ledgerId }).pluck('id');
  if (ledgers.length === 0) throw new OperatorError(`There is no ledger ${ledgerId}.`);
  if (partyId !== undefined) {
    const parties = await database('parties').where({ ledger_id: ledgerId, id: partyId }).pluck('id');
    if (parties.length === 0) throw new OperatorError(`There is no party ${partyId} in ledger ${ledgerId}.`);
  }
  const [id, apiKey] = [createId(), createApiKey()];
  const key = { ledger_id: ledgerId, id, name, key_hash: hashApiKey(apiKey), party_id: partyId ?? null };
  await database('api_keys').insert(key);
  return `Key: ${id}\nAPI key (kept nowhere, note it now): ${apiKey}`;
});
