import { OperatorError } from '../errors/operator-error.ts';
import { callOf } from './command-usage.ts';
import { readUuid } from './read-uuid.ts';
import { runCommand } from './run-command.ts';

const usage = {
  script: 'api-key:revoke',
  purpose: 'Ends an API key within five seconds, for good. Doing it again changes nothing.',
  parameters: { '<ledger id>': 'the ledger of the key', '<key id>': 'the key, by its id in api-key:list' },
  example: '01936f00-0000-7000-8000-000000000001 01936f00-0000-7000-8000-0000000000f1',
};

await runCommand(usage, async (database, args) => {
  const [ledgerId, id] = [readUuid(args[0]), readUuid(args[1])];
  if (ledgerId === undefined || id === undefined) {
    throw new OperatorError(`Say which key of which ledger, as api-key:list does: ${callOf(usage)}`);
  }
  const [row] = await database('api_keys')
    .where({ ledger_id: ledgerId, id })
    .update({ revoked_at: database.raw('coalesce(revoked_at, clock_timestamp())') })
    .returning('revoked_at');
  if (row === undefined) throw new OperatorError(`There is no key ${id} in ledger ${ledgerId}.`);
  return `Revoked ${row.revoked_at.toISOString()}. It may work for five more seconds.`;
});
