import { OperatorError } from '../errors/operator-error.ts';
import { readUuid } from './read-uuid.ts';
import { runCommand } from './run-command.ts';

/** `npm run api-key:revoke -- <ledger id> <key id>`: a key that nobody may use any more. Saying it twice is saying it once. */
await runCommand(async (database) => {
  const [ledgerId, id] = [readUuid(2), readUuid(3)];
  if (ledgerId === undefined || id === undefined) {
    const usage = 'npm run api-key:revoke -- <ledger id> <key id>';
    throw new OperatorError(`Say which key of which ledger, as api-key:list does: ${usage}`);
  }
  const [row] = await database('api_keys')
    .where({ ledger_id: ledgerId, id })
    .update({ revoked_at: database.raw('coalesce(revoked_at, clock_timestamp())') })
    .returning('revoked_at');
  if (row === undefined) throw new OperatorError(`There is no key ${id} in ledger ${ledgerId}.`);
  return `Revoked ${row.revoked_at.toISOString()}. It may work for five more seconds.`;
});
