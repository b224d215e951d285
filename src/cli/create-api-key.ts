import { OperatorError } from '../errors/operator-error.ts';
import { createApiKey, hashApiKey } from '../ledger/api-key.ts';
import { createId } from '../ledger/create-id.ts';
import { runCommand } from './run-command.ts';

const usage = 'npm run api-key:create -- <ledger id> "Name" [<party id>]';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * `npm run api-key:create -- <ledger id> "Name" [<party id>]`: another key for a ledger, printed once. With a party it
 * is bound to it: it acts for that party only, and sees only the accounts that the party holds.
 */
await runCommand(async (database) => {
  const [ledgerId, name, partyId] = process.argv.slice(2).map((argument) => argument.trim());
  if (!ledgerId || !uuid.test(ledgerId) || !name || (partyId !== undefined && !uuid.test(partyId))) {
    throw new OperatorError(`Say which ledger, a name for the key, and for a party's own key which party: ${usage}`);
  }
  const ledgers = await database('ledgers').where({ id: ledgerId }).pluck('id');
  if (ledgers.length === 0) throw new OperatorError(`There is no ledger ${ledgerId}.`);
  if (partyId !== undefined) {
    const parties = await database('parties').where({ ledger_id: ledgerId, id: partyId }).pluck('id');
    if (parties.length === 0) throw new OperatorError(`There is no party ${partyId} in ledger ${ledgerId}.`);
  }
  const apiKey = createApiKey();
  await database('api_keys').insert({
    ledger_id: ledgerId,
    id: createId(),
    name,
    key_hash: hashApiKey(apiKey),
    party_id: partyId ?? null,
  });
  return `API key (kept nowhere, note it now): ${apiKey}`;
});
