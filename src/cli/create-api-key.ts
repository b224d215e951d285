import { OperatorError } from '../errors/operator-error.ts';
import { createApiKey, hashApiKey } from '../ledger/api-key.ts';
import { createId } from '../ledger/create-id.ts';
import { callOf } from './command-usage.ts';
import { readUuid } from './read-uuid.ts';
import { runCommand } from './run-command.ts';

const usage = {
  script: 'api-key:create',
  purpose: 'Makes another API key for a ledger and prints it, once.',
  parameters: {
    '<ledger id>': 'the ledger that the key opens',
    '"Name"': 'what the key is called, so that you know it again',
    '[<party id>]': 'makes it a key of this party: it acts for it only, and sees only the accounts that it holds',
  },
  example: '01936f00-0000-7000-8000-000000000001 "Payroll"',
};

await runCommand(usage, async (database, args) => {
  const [ledgerId, name, partyId] = [readUuid(args[0]), args[1]?.trim(), readUuid(args[2])];
  if (ledgerId === undefined || !name || (args.length > 2 && partyId === undefined)) {
    const wanted = "Say which ledger, a name for the key, and for a party's own key which party";
    throw new OperatorError(`${wanted}: ${callOf(usage)}`);
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
