import { noteCommand } from '../audit/note-command.ts';
import type { Database } from '../database/create-database.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { createApiKey } from '../ledger/api-key.ts';
import { createId } from '../ledger/create-id.ts';
import { insertApiKey } from '../ledger/insert-ledger.ts';
import { machineClock } from '../ledger/trusted-clock.ts';
import { hintChannel, keysEndedNotice } from '../workers/wake-up.ts';
import { expiresOption, scopesOf, scopesOption } from './key-terms.ts';
import { type DatabaseCommand, readName, readUuid } from './ledger-command.ts';

interface KeyRow {
  ledger_id: string;
  id: string;
  name: string;
  party_id: string | null;
  created_at: Date;
  revoked_at: Date | null;
  scopes: string[];
  expires_at: Date | null;
  last_used_at: Date | null;
}

const ofLedger = { '<ledger-id>': { meaning: 'the ledger of the key', read: readUuid } };
const exampleLedger = '01936f00-0000-7000-8000-000000000001';

/** Makes an API key, of the service or of a party. */
export const createKey: DatabaseCommand = {
  name: 'key create',
  script: 'api-key:create',
  summary: 'Makes another API key for a ledger and prints it, once.',
  parameters: {
    ...ofLedger,
    '<name>': { meaning: 'what the key is called, so that you know it again', read: readName },
    '[party-id]': {
      meaning: 'makes it a key of this party: it acts for it only, and sees only the accounts that it holds',
      read: readUuid,
    },
  },
  options: { '--scopes <list>': scopesOption, '--expires <instant>': expiresOption },
  example: `${exampleLedger} "Payroll" --scopes movements:write,accounts:read`,
  async run(database, [ledgerId, name, partyId], { options }) {
    await requireRow(database('ledgers').where({ id: ledgerId }), `There is no ledger ${ledgerId}.`);
    if (partyId !== undefined) {
      const party = database('parties').where({ ledger_id: ledgerId, id: partyId }).whereNull('erased_at');
      await requireRow(party, `There is no party ${partyId} in ledger ${ledgerId}.`);
    }
    const [id, apiKey] = [createId(), createApiKey(ledgerId!)];
    const scopes = scopesOf(options.scopes);
    const expiresAt = options.expires === undefined ? null : new Date(options.expires);
    const terms = { partyId: partyId ?? null, scopes, expiresAt };
    await database.transaction(async (knex) => {
      await insertApiKey(knex, { ledgerId: ledgerId!, id, name: name!, apiKey, ...terms });
      await noteCommand({ knex, ledgerId: ledgerId! }, { action: 'key create', subjectId: id });
    });
    return {
      text: `Key: ${id}\nAPI key (kept nowhere, note it now): ${apiKey}`,
      json: { id, ledgerId, name, ...terms, apiKey },
    };
  },
};

/** Lists the API keys of a ledger. */
export const listKeys: DatabaseCommand = {
  name: 'key list',
  script: 'api-key:list',
  summary: "Lists a ledger's API keys with their ids, oldest first, without what is secret about them.",
  parameters: ofLedger,
  example: exampleLedger,
  async run(database, [ledgerId]) {
    const keys = await database<KeyRow>('api_keys').where('ledger_id', ledgerId!).orderBy(['created_at', 'id']);
    if (keys.length === 0) throw new OperatorError(`There is no ledger ${ledgerId}, or it has no key.`);
    return { text: keys.map(describe).join('\n'), json: keys.map(present) };
  },
};

/** Ends an API key. */
export const revokeKey: DatabaseCommand = {
  name: 'key revoke',
  script: 'api-key:revoke',
  summary: 'Ends an API key at once, for good. Doing it again changes nothing.',
  remarks: 'Behind a pooler that passes no notifications on it works for at most five more seconds.',
  parameters: { ...ofLedger, '<key-id>': { meaning: 'the key, by its id in the list', read: readUuid } },
  example: `${exampleLedger} 01936f00-0000-7000-8000-0000000000f1`,
  async run(database, [ledgerId, id]) {
    const row = await database.transaction(async (knex) => {
      const [revoked] = await knex('api_keys')
        .where({ ledger_id: ledgerId, id })
        .update({ revoked_at: knex.raw('coalesce(revoked_at, ?)', [new Date(machineClock.now())]) })
        .returning('revoked_at');
      if (revoked === undefined) throw new OperatorError(`There is no key ${id} in ledger ${ledgerId}.`);
      await noteCommand({ knex, ledgerId: ledgerId! }, { action: 'key revoke', subjectId: id! });
      return revoked;
    });
    const revokedAt = row.revoked_at.toISOString();
    // Where no notification arrives, processes look for themselves within seconds.
    await database.raw('select pg_notify(?, ?)', [hintChannel, keysEndedNotice]).catch(() => {});
    return { text: `Revoked ${revokedAt}.`, json: { id, ledgerId, revokedAt } };
  },
};

async function requireRow(query: ReturnType<Database>, otherwise: string): Promise<void> {
  if ((await query.limit(1).pluck('id')).length === 0) throw new OperatorError(otherwise);
}

function present({ ledger_id: ledgerId, id, name, party_id: partyId, scopes, ...times }: KeyRow) {
  const text = (time: Date | null) => time?.toISOString() ?? null;
  return {
    ...{ id, ledgerId, name, partyId, scopes, createdAt: text(times.created_at) },
    ...{ expiresAt: text(times.expires_at), revokedAt: text(times.revoked_at), lastUsedAt: text(times.last_used_at) },
  };
}

function describe(row: KeyRow): string {
  const { id, name, partyId, scopes, createdAt, expiresAt, revokedAt, lastUsedAt } = present(row);
  const owner = partyId === null ? 'the service' : `party ${partyId}`;
  const ends = [
    ...(expiresAt === null ? [] : [`expires ${expiresAt}`]),
    ...(revokedAt === null ? [] : [`revoked ${revokedAt}`]),
  ];
  const times = [`made ${createdAt}`, `last used ${lastUsedAt ?? 'never'}`, ...ends];
  return `${id} ${JSON.stringify(name)} acts for ${owner}, ${times.join(', ')}; for ${scopes.join(' ')}`;
}
