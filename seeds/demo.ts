import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { v7 as uuidv7 } from 'uuid';
import { type OpenAccountCommand, openAccount } from '../src/accounts/open-account.ts';
import { makeProposal } from '../src/approvals/make-proposal.ts';
import { openProject } from '../src/approvals/open-project.ts';
import { type SignPaymentOrderCommand, signPaymentOrder } from '../src/approvals/sign-payment-order.ts';
import type { Database } from '../src/database/create-database.ts';
import type { LedgerTransaction } from '../src/database/ledger-transaction.ts';
import { openPipeline } from '../src/database/statement-pipeline.ts';
import { withUnawaitedBegin } from '../src/database/unawaited-begin.ts';
import { OperatorError } from '../src/errors/operator-error.ts';
import { ledgerOfApiKey } from '../src/ledger/api-key.ts';
import { bookGroup } from '../src/ledger/book-group.ts';
import { insertApiKey, insertLedger } from '../src/ledger/insert-ledger.ts';
import { scopes } from '../src/ledger/key-scopes.ts';
import { createOperation, type Operation, type OperationKind } from '../src/ledger/operation.ts';
import { Money } from '../src/money/money.ts';
import {
  createDeposit,
  createTransfer,
  createWithdrawal,
  type MovementDetails,
} from '../src/movements/create-movement.ts';
import type { Movement } from '../src/movements/movement.ts';
import { postMovement } from '../src/movements/post-movement.ts';
import { noLimits, ownerRights } from '../src/ownership/holder.ts';
import type { MandateTerms } from '../src/ownership/mandate.ts';
import { createParty } from '../src/parties/create-party.ts';
import type { PaymentOrderDocument } from '../src/payment-orders/payment-order.ts';

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

/** A kitchen for the household, with three proposals of which one can be accepted. */
export const demoProjectId = demoId(201);

export const demoProposalIds = { oak: demoId(211), lacquer: demoId(212), secondHand: demoId(213) };

/** Of the directors: one that both have signed, and one that waits for the second signature. */
export const demoPaymentOrderIds = { rent: demoId(301), laptops: demoId(302) };

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

/** Up to 500.00 any one director signs, above it both. */
const bothAbove500: MandateTerms = { bands: [{ upTo: '500.00', rule: 'any' }, { rule: 'all' }] };

/** How many days ago the accounts were opened; every movement is later. */
const openedDaysAgo = 7;

/** Generous: several processes may start, and seed, at once. */
const limits = { lockTimeoutMs: 60_000, statementTimeoutMs: 60_000, idleTimeoutMs: 60_000 };

/** Every holder of the household may accept one of these; whichever is first wins, and the others are rejected. */
const proposals = [
  { id: demoProposalIds.oak, title: 'Oak, made to measure', amount: '900.00', proposedBy: earner },
  { id: demoProposalIds.lacquer, title: 'White lacquer', amount: '750.00', proposedBy: spender },
  { id: demoProposalIds.secondHand, title: 'Second-hand, as good as new', amount: '400.00', proposedBy: spender },
];

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
  { daysAgo: 2, movement: order(demoPaymentOrderIds.rent, '1200.00', directorB, 'Office rent') },
  { daysAgo: 1, movement: withdrawal(household, '123.50', 'USD', spender, 'School trip') },
  { daysAgo: 1, movement: order(demoPaymentOrderIds.laptops, '750.00', directorA, 'Two laptops') },
];

/**
 * Writes the demo ledger and lets this key into it. Everything is one database transaction that begins with the
 * ledger's own row, so it happens once, however often and by however many processes it is run. Throws OperatorError for
 * a key that names another ledger.
 */
export async function seedDemo(database: Database, apiKey: string): Promise<void> {
  if (![demoLedgerId, undefined].includes(ledgerOfApiKey(apiKey))) {
    throw new OperatorError('DEMO_API_KEY is the key of another ledger: choose another one.');
  }
  const write = async (knex: Knex.Transaction) => {
    if (await insertLedger(knex, { id: demoLedgerId, name: 'Demo' })) {
      const pipeline = await openPipeline(knex);
      await writeBooks({ ledgerId: demoLedgerId, knex, pipeline, limits });
      await pipeline.answered();
    }
    await insertApiKey(knex, { ledgerId: demoLedgerId, name: 'Demo key', apiKey, scopes });
  };
  // Keys are claimed in a transaction that begins as those of the service do.
  await withUnawaitedBegin(database, limits.statementTimeoutMs, (connection) =>
    database.transaction(write, { connection }),
  );
}

async function writeBooks(transaction: LedgerTransaction): Promise<void> {
  const daysBefore = (days: number) => (now: Date) => new Date(now.getTime() - days * 86_400_000);
  const opened = daysBefore(openedDaysAgo);
  const newParties = parties.map((party) => operation(createParty, { ...party, metadata: null, whenTaken: 'refuse' }));
  await book(transaction, newParties, opened);
  await book(
    transaction,
    accounts.map((account) => operation(openAccount, openCommand(account))),
    opened,
  );
  for (const { daysAgo, movement } of history) {
    const [result] = await book(transaction, [operation(postMovement, movement)], daysBefore(daysAgo));
    if (movement.id === demoPaymentOrderIds.rent) {
      const { instructionHash } = result as PaymentOrderDocument;
      await book(transaction, [operation(signPaymentOrder, signatureOf(instructionHash))], daysBefore(daysAgo));
    }
  }
  const kitchen = { id: demoProjectId, accountId: household, name: 'Kitchen', description: 'A new one before winter' };
  await book(
    transaction,
    [operation(openProject, { ...kitchen, expiresAt: null, createdBy: earner, authentication: null })],
    daysBefore(1),
  );
  for (const { amount, ...proposal } of proposals) {
    const of = { projectId: demoProjectId, accountId: household, toAccountId: null, description: null };
    const made = { ...of, ...proposal, amount: Money.parse(amount, 'USD') };
    await book(transaction, [operation(makeProposal, made)], daysBefore(1));
  }
}

async function book(
  transaction: LedgerTransaction,
  operations: Operation<unknown>[],
  clock: (now: Date) => Date,
): Promise<unknown[]> {
  return (await bookGroup(transaction, operations, 'lock', { bookingClock: clock })).map(({ outcome }) => {
    if ('refusal' in outcome) throw new Error(`the demo books were refused: ${outcome.refusal.detail}`);
    return outcome.result;
  });
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
    holders: of.map((partyId) => ({ partyId, rights: [...ownerRights], limits: noLimits })),
    mandate: id === directors ? bothAbove500 : null,
    timeZone: 'UTC',
    survivorship: 'survivors',
    whenTaken: 'refuse',
  };
}

function deposit(accountId: string, amount: string, currency: string, by: string, description: string): Movement {
  return createDeposit(demoLedgerId, accountId, terms(amount, currency, by, description));
}

function withdrawal(accountId: string, amount: string, currency: string, by: string, description: string): Movement {
  return createWithdrawal(demoLedgerId, accountId, terms(amount, currency, by, description));
}

/** A withdrawal of the directors that takes both signatures, and has three months to get the second. */
function order(id: string, amount: string, by: string, description: string): Movement {
  const expiresAt = new Date(Date.now() + 90 * 86_400_000);
  return { ...withdrawal(directors, amount, 'USD', by, description), id, expiresAt };
}

/** The second director's signature under the rent. */
function signatureOf(instructionHash: string): SignPaymentOrderCommand {
  const order = { orderId: demoPaymentOrderIds.rent, accountId: directors, toAccountId: null, ledgerId: demoLedgerId };
  return {
    ...order,
    partyId: directorA,
    decision: 'approve',
    instructionHash,
    authentication: null,
    transactionId: uuidv7(),
  };
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

function terms(amount: string, currency: string, initiatedBy: string, description: string): MovementDetails {
  const nothingElse = { authentication: null, reference: null, valueDate: null, metadata: null };
  return { amount: Money.parse(amount, currency), initiatedBy, description, ...nothingElse };
}
