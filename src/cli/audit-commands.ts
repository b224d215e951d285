import { InvalidArgumentError } from 'commander';
import type { AuditEntryDocument } from '../audit/audit-entry.ts';
import { type AuditFilters, listAuditEntries } from '../audit/list-audit-entries.ts';
import type { Database } from '../database/create-database.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { type DatabaseCommand, readInstant, readUuid } from './ledger-command.ts';
import { limitOption, listItems } from './listed-items.ts';

const instantOption = (meaning: string) => ({ meaning: `${meaning}, such as 2027-01-31T00:00:00Z`, read: readInstant });

/** Lists who did what in a ledger. */
export const listAudit: DatabaseCommand = {
  name: 'audit list',
  summary: 'Lists who did what in a ledger, and what was refused, the latest first.',
  remarks: 'As GET /v1/audit does, without a key and without the service.',
  parameters: { '<ledger-id>': { meaning: 'the ledger', read: readUuid } },
  options: {
    '--key <key-id>': { meaning: 'what was done with this API key', read: readUuid },
    '--party <party-id>': { meaning: "what was done with this party's keys", read: readUuid },
    '--action <name>': { meaning: 'such as createApiKey, or the name of a command such as "key create"' },
    '--outcome <outcome>': { meaning: 'succeeded or refused', read: readOutcome },
    '--from <instant>': instantOption('from this time on'),
    '--to <instant>': instantOption('before this time'),
    ...limitOption,
  },
  example: '01936f00-0000-7000-8000-000000000001 --outcome refused',
  async run(database, [ledgerId], { options }) {
    const known = await database('ledgers').where('id', ledgerId).first('id');
    if (known === undefined) throw new OperatorError(`There is no ledger ${ledgerId}.`);
    const { key: keyId, party: partyId, action, outcome, from, to, limit } = options;
    const filters: AuditFilters = {
      ...{ keyId, partyId, action, outcome: outcome as AuditFilters['outcome'] },
      ...{ from: instantOf(from), to: instantOf(to) },
    };
    return listItems(eachEntry(database, ledgerId!, filters), limit!, describe);
  },
};

const pageSize = 200;

async function* eachEntry(database: Database, ledgerId: string, filters: AuditFilters) {
  let after: string | null = null;
  do {
    const page = { order: 'desc', limit: pageSize, after } as const;
    const { items, stoppedAt } = await listAuditEntries({ knex: database, ledgerId }, page, filters);
    yield* items;
    after = items.length === pageSize ? items.at(-1)!.id : stoppedAt;
  } while (after !== null);
}

function describe({ at, keyId, partyId, channel, action, ...how }: AuditEntryDocument): string {
  const { method, path, subjectId, address, outcome, status, code, count } = how;
  const tool = keyId === null ? `a ${channel}` : `key ${keyId}`;
  const who = channel === 'command' ? 'the command line' : tool;
  const words = [
    `${at} ${action ?? 'no known call'}${outcome === 'refused' ? ' refused' : ''}`,
    ...(outcome === 'refused' ? [[status, code].filter((word) => word !== null).join(' ')] : []),
    `by ${who}${partyId === null ? '' : ` of party ${partyId}`}`,
    ...(address === null ? [] : [`from ${address}`]),
    ...(path === null ? [] : [`${method} ${path}`]),
    ...(subjectId === null ? [] : [`about ${subjectId}`]),
    ...(count === 1 ? [] : [`${count} times`]),
  ];
  return words.join(', ');
}

function readOutcome(text: string): string {
  if (text === 'succeeded' || text === 'refused') return text;
  throw new InvalidArgumentError('It must be succeeded or refused.');
}

function instantOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
