import { validate } from 'uuid';
import type { Account, Client, Currency, Entry } from '../client/client.ts';
import { importAccounts } from './import-accounts.ts';
import { readName, readUuid, type ServiceCommand } from './ledger-command.ts';
import { limitOption, listItems } from './listed-items.ts';

const named = { '<account>': { meaning: 'its id, or its external id', read: readName } };
const exampleAccount = '01936f00-0000-7000-8000-000000000101';

/** Lists accounts. */
export const listAccounts: ServiceCommand = {
  name: 'account list',
  summary: 'Lists accounts with their balances, oldest first, as the key may see them.',
  parameters: {},
  options: {
    '--holder <party-id>': { meaning: 'those that this party holds', read: readUuid },
    '--currency <code>': { meaning: 'those in this currency' },
    '--status <status>': { meaning: 'active or closed' },
    '--name-prefix <text>': { meaning: 'those whose names begin so' },
    ...limitOption,
  },
  example: '--currency USD --limit 20',
  async ask(service, _args, { options }) {
    const { holder, currency, status, namePrefix } = options;
    const wanted = { holder, currency: currency as Currency, status: status as 'active', namePrefix };
    const listed = service.each('listAccounts', { ...wanted, order: 'asc', limit: 200 });
    return listItems(listed, options.limit!, describeAccount);
  },
};

/** Shows an account. */
export const showAccount: ServiceCommand = {
  name: 'account show',
  summary: 'Shows an account: its balance, who holds it, and what is stopped.',
  parameters: named,
  example: exampleAccount,
  async ask(service, [name]) {
    const account = await findAccount(service, name!);
    const holders = account.holders.map(({ partyId, rights }) => `  held by party ${partyId}: ${rights.join(', ')}`);
    const lines = [
      describeAccount(account),
      `  external id: ${account.externalId === null ? 'none' : JSON.stringify(account.externalId)}`,
      `  held back: ${account.held ?? 'nothing'}, overdraft limit: ${account.overdraftLimit ?? 'none'}`,
      `  ${account.ownership}, opened ${account.createdAt}, version ${account.version ?? 'none'}`,
      ...(account.debitsStopped ? ['  nothing may leave it'] : []),
      ...(account.creditsStopped ? ['  nothing may come into it'] : []),
      ...holders,
    ];
    return { text: lines.join('\n'), json: account };
  },
};

/** Lists what was booked on an account. */
export const listEntries: ServiceCommand = {
  name: 'account entries',
  summary: 'Lists what was booked on an account, the latest first.',
  parameters: named,
  options: {
    '--from <instant>': { meaning: 'booked from then on: 2026-11-01T00:00:00Z' },
    '--to <instant>': { meaning: 'booked before then' },
    ...limitOption,
  },
  example: `${exampleAccount} --from 2026-11-01T00:00:00Z`,
  async ask(service, [name], { options }) {
    const { id: accountId } = await findAccount(service, name!);
    const { from, to } = options;
    const listed = service.each('listEntries', { accountId, from, to, order: 'desc', limit: 200 });
    return listItems(listed, options.limit!, describeEntry);
  },
};

/** Opens accounts that are listed in a file. */
export const importAccountsCommand: ServiceCommand = {
  name: 'account import',
  summary: 'Opens the accounts of a CSV file, and deposits their opening balances.',
  remarks:
    'The first line names the columns: externalId, name and currency, and as you like ownership, overdraftLimit,\n' +
    'timeZone, holders (ids of parties with spaces between them) and openingBalance. All lines are checked before\n' +
    'anything is done. It may be run again: an external id is opened once, and has one opening balance.',
  parameters: { '<file>': { meaning: 'the CSV file, in UTF-8', read: readName } },
  example: 'accounts.csv',
  async ask(service, [file], { progress }) {
    const { opened, found, deposited, depositedBefore } = await importAccounts(service, file!, progress);
    const accounts = `${opened} accounts were opened, ${found} were there`;
    const balances = `${deposited} opening balances were deposited, ${depositedBefore} had been`;
    return { text: `${accounts}; ${balances}.`, json: { opened, found, deposited, depositedBefore } };
  },
};

/** The account with this id, or with this external id. Throws LedgerError. */
export function findAccount(service: Client, name: string): Promise<Account> {
  return validate(name)
    ? service.getAccount({ accountId: name.toLowerCase() })
    : service.getAccountByExternalId({ externalId: name });
}

function describeAccount({ id, name, balance, available, currency, status }: Account): string {
  const left = available === null || available === balance ? '' : `, available ${available}`;
  return `${id} ${JSON.stringify(name)} ${balance} ${currency}${left}${status === 'closed' ? ', closed' : ''}`;
}

function describeEntry({ bookedAt, amount, currency, balanceAfter, type, description, transactionId }: Entry): string {
  const after = balanceAfter === null ? '' : `, then ${balanceAfter}`;
  const about = description === null ? '' : ` ${JSON.stringify(description)}`;
  return `${bookedAt} ${amount} ${currency}${after} (${type} ${transactionId})${about}`;
}
