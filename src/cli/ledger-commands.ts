import { InvalidArgumentError } from 'commander';
import { noteCommand } from '../audit/note-command.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { createApiKey } from '../ledger/api-key.ts';
import { createId } from '../ledger/create-id.ts';
import { insertApiKey, insertLedger } from '../ledger/insert-ledger.ts';
import { scopesOf, scopesOption } from './key-terms.ts';
import { type DatabaseCommand, readName, readUuid } from './ledger-command.ts';

/** Opens a ledger, with a key of the service. */
export const createLedger: DatabaseCommand = {
  name: 'ledger create',
  script: 'ledger:create',
  summary: 'Opens a ledger and prints its only API key, once.',
  parameters: { '<name>': { meaning: 'what the ledger is called', read: readName } },
  options: { '--scopes <list>': scopesOption },
  example: '"Flat 7"',
  async run(database, [name], { options }) {
    const id = createId();
    const apiKey = createApiKey(id);
    const firstKey = { id: createId(), name: 'First key', apiKey, scopes: scopesOf(options.scopes) };
    await database.transaction(async (knex) => {
      await insertLedger(knex, { id, name: name! });
      await insertApiKey(knex, { ledgerId: id, ...firstKey });
      // With the key, which can do more than a name.
      await noteCommand({ knex, ledgerId: id }, { action: 'ledger create', subjectId: firstKey.id });
    });
    return { text: `Ledger: ${id}\nAPI key (kept nowhere, note it now): ${apiKey}`, json: { id, name, apiKey } };
  },
};

interface LedgerRow {
  readonly id: string;
  readonly name: string;
  readonly created_at: Date;
}

/** Lists the ledgers. */
export const listLedgers: DatabaseCommand = {
  name: 'ledger list',
  script: 'ledger:list',
  summary: 'Lists the ledgers with their ids, oldest first.',
  parameters: {},
  example: '',
  async run(database) {
    const rows = await database<LedgerRow>('ledgers').select('id', 'name', 'created_at').orderBy(['created_at', 'id']);
    const ledgers = rows.map(({ id, name, created_at }) => ({ id, name, createdAt: created_at.toISOString() }));
    const lines = ledgers.map(({ id, name, createdAt }) => `${id} ${JSON.stringify(name)}, opened ${createdAt}`);
    return { text: lines.length === 0 ? 'There is no ledger yet.' : lines.join('\n'), json: ledgers };
  },
};

/** Says who may sign in a ledger. */
export const setLedgerSignatures: DatabaseCommand = {
  name: 'ledger signatures',
  script: 'ledger:signatures',
  summary: "Sets whose signatures a ledger takes: any, or parties' own only.",
  parameters: {
    '<ledger-id>': { meaning: 'the ledger', read: readUuid },
    '<whose>': { meaning: 'any or own', read: readWhose },
  },
  example: '01936f00-0000-7000-8000-000000000001 own',
  async run(database, [id, signatures]) {
    await database.transaction(async (knex) => {
      const changed = await knex('ledgers').where({ id }).update({ signatures });
      if (changed === 0) throw new OperatorError(`There is no ledger ${id}.`);
      await noteCommand({ knex, ledgerId: id! }, { action: `ledger signatures ${signatures}` });
    });
    return { text: `Signatures in ledger ${id}: ${signatures}.`, json: { id, signatures } };
  },
};

function readWhose(text: string): string {
  if (text !== 'any' && text !== 'own') throw new InvalidArgumentError('It must be any or own.');
  return text;
}

/** Calls a ledger something else. */
export const renameLedger: DatabaseCommand = {
  name: 'ledger rename',
  script: 'ledger:rename',
  summary: 'Gives a ledger another name, which operators alone see.',
  parameters: {
    '<ledger-id>': { meaning: 'the ledger', read: readUuid },
    '<name>': { meaning: 'what it is called from now on', read: readName },
  },
  example: '01936f00-0000-7000-8000-000000000001 "Flat 8"',
  async run(database, [id, name]) {
    await database.transaction(async (knex) => {
      const renamed = await knex('ledgers').where({ id }).update({ name });
      if (renamed === 0) throw new OperatorError(`There is no ledger ${id}.`);
      await noteCommand({ knex, ledgerId: id! }, { action: 'ledger rename' });
    });
    return { text: `Ledger ${id} is called ${JSON.stringify(name)}.`, json: { id, name } };
  },
};
