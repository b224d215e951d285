import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { v7 as uuidv7 } from 'uuid';
import { holderRights } from '../src/accounts/holder-rights.ts';
import { type OpenAccountCommand, openAccount } from '../src/accounts/open-account.ts';
import { readConfig } from '../src/config.ts';
import type { Database } from '../src/database/create-database.ts';
import type { LedgerTransaction } from '../src/database/ledger-transaction.ts';
import { openPipeline } from '../src/database/statement-pipeline.ts';
import { readDemoApiKey } from '../src/demo-api-key.ts';
import { hashApiKey } from '../src/ledger/api-key.ts';
import { bookGroup } from '../src/ledger/book-group.ts';
import { createOperation, type Operation, type OperationKind } from '../src/ledger/operation.ts';
import { Money } from '../src/money/money.ts';
import {
  createDeposit,
  createTransfer,
  createWithdrawal,
  type MovementTerms,
} from '../src/movements/create-movement.ts';
import type { Movement } from '../src/movements/decide-movement.ts';
import { postMovement } from '../src/movements/post-movement.ts';
import { createParty } from '../src/parties/create-party.ts';

/** Fixed, so that documentation and tests can name them. */
const demoId = (number: number) => `01936f00-0000-7000-8000-${String(number).padStart(12, '0')}`;

export const demoLedgerId = demoId(1);

export const demoPartyIds = { earner: demoId(11), spender: demoId(12), directorA: demoId(13), directorB: demoId(14) };

export const demoAccountIds = {
  household: demoId(101),
  directors: demoId(102),
  savings: demoId(103),
  holiday: demoId(104),
  kyoto: demoId(105),
  gulf: demoId(106),
};

const parties = [
  { id: demoPartyIds.earner, name: 'Erin Earner', externalId: 'earner' },
  { id: demoPartyIds.spender, name: 'Sam Spender', externalId: 'spender' },
  { id: demoPartyIds.directorA, name: 'Dana Director', externalId: 'director-a' },
  { id: demoPartyIds.directorB, name: 'Drew Director', externalId: 'director-b' },
];

const { earner, spender, directorA, directorB } = demoPartyIds;
const { household, directors, savings, holiday, kyoto, gulf } = demoAccountIds;

const accounts = [
  { id: household, name: 'Household', externalId: 'household', currency: 'USD', of: [earner, spender] },
  { id: directors, name: 'Directors', externalId: 'directors', currency: 'USD', of: [directorA, directorB] },
  { id: savings, name: 'Savings', externalId: 'savings', currency: 'USD', of: [earner] },
  { id: holiday, name: 'Holiday', externalId: 'holiday', currency: 'EUR', of: [earner, spender] },
  { id: kyoto, name: 'Kyoto trip', externalId: 'kyoto', currency: 'JPY', of: [earner, spender] },
  { id: gulf, name: 'Gulf office', externalId: 'gulf', currency: 'KWD', of: [directorA, directorB] },
];

/** How many days ago the accounts were opened; every movement is later. */
const openedDaysAgo = 7;

/** Generous: several processes may start, and seed, at once. */
const limits = { lockTimeoutMs: 60_000, statementTimeoutMs: 60_000, idleTimeoutMs: 60_000 };

/** The days before today. Household ends at exactly 1000.00. */
const history: Array<{ daysAgo: number; movement: Movement }> = [
  { daysAgo: 6, movement: deposit(household, '1500.00', 'USD', earner, 'Salary') },
  { daysAgo: 6, movement: deposit(directors, '25000.00', 'USD', directorA, 'Customer payment') },
  { daysAgo: 5, movement: withdrawal(household, '84.35', 'USD', spender, 'Groceries') },
  { daysAgo: 5, movement: deposit(holiday, '300.00', 'EUR', spender, 'Holiday fund') },
  { daysAgo: 4, movement: transfer(household, savings, '250.00', 'USD', earner, 'Put aside') },
  { daysAgo: 4, movement: deposit(kyoto, '50000', 'JPY', earner, 'Travel fund') },
  { daysAgo: 3, movement: withdrawal(household, '42.15', 'USD', earner, 'Electricity') },
  { daysAgo: 3, movement: deposit(gulf, '125.750', 'KWD', directorB, 'Float') },
  { daysAgo: 2, movement: withdrawal(directors, '1200.00', 'USD', directorB, 'Office rent') },
  { daysAgo: 1, movement: withdrawal(household, '123.50', 'USD', spender, 'School trip') },
];

/**
 * Writes the demo ledger and lets this key into it. Everything is one database transaction that begins with the
 * ledger's own row, so it happens once, however often and by however many processes it is run.
 */
export async function seedDemo(database: Database, apiKey: string): Promise<void> {
  await database.transaction(async (knex) => {
    const ledger = { id: demoLedgerId, name: 'Demo' };
    const created = await knex('ledgers').insert(ledger).onConflict('id').ignore().returning('id');
    if (created.length > 0) {
      const pipeline = await openPipeline(knex);
      await writeBooks({ ledgerId: demoLedgerId, knex, pipeline, limits });
      await pipeline.answered();
    }
    const key = { ledger_id: demoLedgerId, id: uuidv7(), name: 'Demo key', key_hash: hashApiKey(apiKey) };
    await knex('api_keys').insert(key).onConflict(['ledger_id', 'key_hash']).ignore();
  });
}

/** What `npm run seed` calls. */
export async function seed(knex: Knex): Promise<void> {
  const apiKey = readDemoApiKey(readConfig(process.env, []));
  await seedDemo(knex, apiKey);
  process.stdout.write(`Demo API key: ${apiKey}\n`);
}

async function writeBooks(transaction: LedgerTransaction): Promise<void> {
  const daysBefore = (days: number) => (now: Date) => new Date(now.getTime() - days * 86_400_000);
  const opened = daysBefore(openedDaysAgo);
  const newParties = parties.map((party) => operation(createParty, { ...party, whenTaken: 'refuse' }));
  await book(transaction, newParties, opened);
  await book(
    transaction,
    accounts.map((account) => operation(openAccount, openCommand(account))),
    opened,
  );
  for (const { daysAgo, movement } of history) {
    await book(transaction, [operation(postMovement, movement)], daysBefore(daysAgo));
  }
}

async function book(
  transaction: LedgerTransaction,
  operations: Operation<unknown>[],
  clock: (now: Date) => Date,
): Promise<void> {
  for (const { outcome } of await bookGroup(transaction, operations, 'lock', clock)) {
    if ('refusal' in outcome) throw new Error(`the demo books were refused: ${outcome.refusal.detail}`);
  }
}

function operation<Command, Loaded, Effect>(
  kind: OperationKind<Command, Loaded, Effect, unknown>,
  command: Command,
): Operation<unknown> {
  const idempotencyKey = `demo ${uuidv7()}`;
  const requestHash = createHash('sha256').update(idempotencyKey).digest();
  return createOperation(kind, command, { ledgerId: demoLedgerId, idempotencyKey, requestHash, dryRun: false });
}

function openCommand(account: (typeof accounts)[number]): OpenAccountCommand {
  const { id, name, externalId, currency, of } = account;
  return {
    id,
    name,
    externalId,
    currency,
    ownership: of.length > 1 ? 'joint' : 'sole',
    overdraftLimit: Money.zero(currency),
    holders: of.map((partyId) => ({ partyId, rights: [...holderRights] })),
    whenTaken: 'refuse',
  };
}

function deposit(accountId: string, amount: string, currency: string, by: string, description: string): Movement {
  return createDeposit(demoLedgerId, accountId, terms(amount, currency, by, description));
}

function withdrawal(accountId: string, amount: string, currency: string, by: string, description: string): Movement {
  return createWithdrawal(demoLedgerId, accountId, terms(amount, currency, by, description));
}

function transfer(
  from: string,
  to: string,
  amount: string,
  currency: string,
  by: string,
  description: string,
): Movement {
  return createTransfer(from, to, terms(amount, currency, by, description));
}

function terms(amount: string, currency: string, initiatedBy: string, description: string): MovementTerms {
  const nothingElse = { reference: null, valueDate: null, metadata: null };
  return { amount: Money.parse(amount, currency), initiatedBy, description, ...nothingElse };
}
