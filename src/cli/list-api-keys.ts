import { OperatorError } from '../errors/operator-error.ts';
import { callOf } from './command-usage.ts';
import { readUuid } from './read-uuid.ts';
import { runCommand } from './run-command.ts';

interface KeyRow {
  ledger_id: string;
  id: string;
  name: string;
  party_id: string | null;
  created_at: Date;
  revoked_at: Date | null;
}

const usage = {
  script: 'api-key:list',
  purpose: "Lists a ledger's API keys with their ids, oldest first, without what is secret about them.",
  parameters: { '<ledger id>': 'the ledger' },
  example: '01936f00-0000-7000-8000-000000000001',
};

await runCommand(usage, async (database, args) => {
  const ledgerId = readUuid(args[0]);
  if (ledgerId === undefined) throw new OperatorError(`Say which ledger: ${callOf(usage)}`);
  const keys = await database<KeyRow>('api_keys').where({ ledger_id: ledgerId }).orderBy(['created_at', 'id']);
  if (keys.length === 0) throw new OperatorError(`There is no ledger ${ledgerId}, or it has no key.`);
  return keys.map(describe).join('\n');
});

function describe({ id, name, party_id: partyId, created_at: createdAt, revoked_at: revokedAt }: KeyRow): string {
  const owner = partyId === null ? 'the service' : `party ${partyId}`;
  const revoked = revokedAt === null ? '' : `, revoked ${revokedAt.toISOString()}`;
  return `${id} ${JSON.stringify(name)} acts for ${owner}, made ${createdAt.toISOString()}${revoked}`;
}
