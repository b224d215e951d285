import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { type OpenAccountCommand, openAccount as openAccountKind } from '../../src/accounts/open-account.ts';
import { createDatabase, type Database } from '../../src/database/create-database.ts';
import { createOperation, type Operation, type OperationKind } from '../../src/ledger/operation.ts';
import { createPostingEngine, type PostingEngine } from '../../src/ledger/posting-engine.ts';
import { Money } from '../../src/money/money.ts';
import type { ItemAnswer } from '../../src/movements/booked-outcomes.ts';
import { createDeposit, createTransfer, createWithdrawal } from '../../src/movements/create-movement.ts';
import type { Movement } from '../../src/movements/movement.ts';
import { postBatch } from '../../src/movements/post-batch.ts';
import { postMovement } from '../../src/movements/post-movement.ts';
import type { TransactionDocument } from '../../src/movements/present-transaction.ts';
import { countDeadlocks, holdAccountLock, untilLockWaiters } from '../support/lock-witness.ts';
import { manyOrFew, roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestDatabase, createTestLedger, type TestDatabase, type TestLedger } from '../support/test-database.ts';

/**
 * Two engines on pools of their own are what two processes are to the database. Operations that are submitted in one
 * turn of the event loop wait together, and so share a transaction.
 */
let testDatabase: TestDatabase;
let database: Database;
let ledger: TestLedger;
const pools: Database[] = [];
let opening: PostingEngine;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
  ledger = await createTestLedger(database);
  opening = createEngine();
});

afterAll(async () => {
  for (const pool of pools) await pool.destroy();
  await testDatabase.verifyAndDrop();
});

function createEngine(lockTimeoutMs = 10_000): PostingEngine {
  const pool = createDatabase({
    url: testDatabase.url,
    poolSize: 10,
    applicationName: 'joint-ledger api',
    acquireTimeoutMs: 10_000,
  });
  pools.push(pool);
  return createPostingEngine({ database: pool, lockTimeoutMs, lanes: 8, maxQueued: 2_000, onCommitted: () => {} });
}

async function openAccount(balance = '0.00'): Promise<string> {
  const id = uuidv7();
  const command: OpenAccountCommand = {
    ...{ id, name: 'Test', externalId: null, currency: 'USD', ownership: 'joint', holders: [] },
    ...{ mandate: null, timeZone: 'UTC', survivorship: 'survivors' },
    overdraftLimit: Money.zero('USD'),
    whenTaken: 'refuse',
  };
  const terms = { ledgerId: ledger.ledgerId, requestHash: Buffer.alloc(32), dryRun: false };
  await opening.submit(createOperation(openAccountKind, command, { ...terms, idempotencyKey: uuidv7() }));
  if (balance !== '0.00') await opening.submit(operationOf(deposit(id, balance)));
  return id;
}

function termsOf(amount: string, reference: string | null = null) {
  const unsaid = { initiatedBy: null, authentication: null, description: null, valueDate: null, metadata: null };
  return { amount: Money.parse(amount, 'USD'), reference, ...unsaid };
}

const deposit = (account: string, amount: string, reference?: string) =>
  createDeposit(ledger.ledgerId, account, termsOf(amount, reference));
const withdrawal = (account: string, amount: string) => createWithdrawal(ledger.ledgerId, account, termsOf(amount));
const transfer = (from: string, to: string, amount: string) => createTransfer(from, to, termsOf(amount));

function operationOf(
  movement: Movement,
  {
    key = uuidv7(),
    kind = postMovement as unknown as OperationKind<Movement, unknown, unknown, TransactionDocument>,
  } = {},
): Operation<TransactionDocument> {
  // The same key is the same request here.
  const requestHash = Buffer.alloc(32, key);
  return createOperation(kind, movement, {
    ledgerId: ledger.ledgerId,
    idempotencyKey: key,
    requestHash,
    dryRun: false,
  });
}

/** An atomic batch of so many movements. */
function batchOf(items: number, movementAt: (index: number) => Movement): Operation<readonly ItemAnswer[]> {
  const batch = {
    atomic: true,
    items: Array.from({ length: items }, (_, index) => ({ movement: movementAt(index), key: null })),
  };
  const terms = { ledgerId: ledger.ledgerId, idempotencyKey: uuidv7(), requestHash: Buffer.alloc(32), dryRun: false };
  return createOperation(postBatch, batch, terms);
}

/**
 * Submits all in one turn and answers what became of each: the transaction, the code of a refusal, or what was thrown.
 */
function submitTogether(engine: PostingEngine, operations: readonly Operation<TransactionDocument>[]) {
  return startTogether(operations.length, (index) =>
    engine.submit(operations[index]!).then(
      ({ outcome }) => ('result' in outcome ? outcome.result : outcome.refusal.code),
      (error: Error) => ('refusal' in error ? (error.refusal as { code: string }).code : error),
    ),
  );
}

async function balanceOf(account: string): Promise<string> {
  const [balance] = await database('accounts').where({ ledger_id: ledger.ledgerId, id: account }).pluck('balance');
  return Money.fromDatabase(balance, 'USD').toString();
}

/** In how many database transactions the journal got these. */
async function databaseTransactionsOf(documents: readonly TransactionDocument[]): Promise<number> {
  const { rows } = await database.raw('select count(distinct xmin::text)::int from transactions where id = any(?)', [
    documents.map(({ id }) => id),
  ]);
  return rows[0].count;
}

test('answers each of a group for itself: the refused are refused, the others share a transaction', async () => {
  const [account, other] = [await openAccount(), await openAccount()];
  const closed = uuidv7();
  const outcomes = await submitTogether(createEngine(), [
    operationOf(withdrawal(account, '1.00')),
    operationOf(deposit(account, '10.00')),
    operationOf(withdrawal(account, '10.01')),
    operationOf(transfer(account, other, '6.00')),
    operationOf(transfer(account, closed, '1.00')),
    operationOf(withdrawal(account, '6.00')),
    operationOf(withdrawal(other, '6.00')),
  ]);
  const booked = outcomes.filter((outcome): outcome is TransactionDocument => typeof outcome === 'object');
  expect(outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : 'booked'))).toEqual([
    'insufficient_funds',
    'booked',
    'insufficient_funds',
    'booked',
    'account_not_found',
    'insufficient_funds',
    'booked',
  ]);
  expect(await databaseTransactionsOf(booked)).toBe(1);
  expect([await balanceOf(account), await balanceOf(other)]).toEqual(['4.00', '0.00']);
});

test('two batches share a transaction that are each larger than a group, and nothing stays of one that is refused', async () => {
  const account = await openAccount();
  const batches = [
    batchOf(600, () => deposit(account, '1.00')),
    batchOf(601, (index) => withdrawal(account, index < 600 ? '1.00' : '0.01')),
    batchOf(600, () => withdrawal(account, '0.75')),
    batchOf(600, () => withdrawal(account, '0.25')),
  ];
  const engine = createEngine();
  // With a session at hand the first batch comes first, however long it takes to open another.
  await engine.submit(operationOf(deposit(await openAccount(), '1.00')));
  const answers = await startTogether(batches.length, (index) => engine.submit(batches[index]!));
  const booked = answers.map(({ outcome }) => {
    if ('refusal' in outcome) return outcome.refusal.code;
    return outcome.result.flatMap((item) =>
      'result' in item.outcome ? (item.outcome.result as TransactionDocument) : [],
    );
  });
  expect(booked[1]).toBe('batch_item_refused');
  const documents = [booked[0]!, booked[2]!, booked[3]!] as TransactionDocument[][];
  expect(documents.map(({ length }) => length)).toEqual([600, 600, 600]);
  expect(documents.flat().map(({ entries }) => entries[0]!.version)).toEqual(
    Array.from({ length: 1_800 }, (_, index) => index + 1),
  );
  expect(await databaseTransactionsOf(documents[0]!)).toBe(1);
  expect(await databaseTransactionsOf(documents.slice(1).flat())).toBe(1);
  expect(await balanceOf(account)).toBe('0.00');
});

describe('a group with a poisoned operation', () => {
  async function expectOthersBooked(poison: Operation<TransactionDocument>): Promise<unknown> {
    const account = await openAccount();
    const healthy = Array.from({ length: 20 }, () => operationOf(deposit(account, '1.00')));
    const outcomes = await submitTogether(createEngine(), [...healthy.slice(0, 10), poison, ...healthy.slice(10)]);
    const [failed] = outcomes.splice(10, 1);
    expect(outcomes.every((outcome) => typeof outcome === 'object' && 'entries' in outcome)).toBe(true);
    expect(await balanceOf(account)).toBe('20.00');
    const claimed = await database('idempotency_keys').where({ key: poison.idempotencyKey });
    expect(claimed).toEqual([]);
    return failed;
  }

  test('books the others when the database refuses one', async () => {
    await database.raw("alter table transactions add constraint no_poison check (reference <> 'poison')");
    const account = await openAccount();
    const failed = await expectOthersBooked(operationOf(deposit(account, '1.00', 'poison')));
    expect(failed).toMatchObject({ code: '23514' });
    expect(await balanceOf(account)).toBe('0.00');
  });

  test('books the others when deciding one throws', async () => {
    const broken = {
      ...postMovement,
      decide: () => {
        throw new Error('a bug');
      },
    } as typeof postMovement;
    const account = await openAccount();
    const failed = await expectOthersBooked(operationOf(deposit(account, '1.00'), { kind: broken as never }));
    expect(failed).toMatchObject({ message: 'a bug' });
  });
});

describe('one account that somebody keeps locked', () => {
  test('does not keep those who came in its group from being booked', async () => {
    const [stuck, free] = [await openAccount(), await openAccount()];
    const held = await holdAccountLock(database, stuck);
    const engine = createEngine();
    const waiting = submitTogether(engine, [operationOf(deposit(stuck, '1.00')), operationOf(deposit(stuck, '2.00'))]);
    const others = submitTogether(
      engine,
      Array.from({ length: 30 }, () => operationOf(deposit(free, '1.00'))),
    );
    expect((await others).filter((outcome) => typeof outcome === 'string')).toEqual([]);
    expect(await balanceOf(free)).toBe('30.00');
    await held.release();
    expect((await waiting).filter((outcome) => typeof outcome === 'string')).toEqual([]);
    expect(await balanceOf(stuck)).toBe('3.00');
  });

  test('is answered ledger_busy to each of its group when its patience ends, and books nothing', async () => {
    const stuck = await openAccount();
    const held = await holdAccountLock(database, stuck);
    const operations = Array.from({ length: 10 }, () => operationOf(deposit(stuck, '1.00')));
    expect(await submitTogether(createEngine(300), operations)).toEqual(operations.map(() => 'ledger_busy'));
    await held.release();
    expect(await balanceOf(stuck)).toBe('0.00');
  });
});

test('drops an operation whose caller has gone before its turn came, and books it when it was too late', async () => {
  const account = await openAccount();
  const engine = createEngine();
  const held = await holdAccountLock(database, account);
  let gone = false;
  const submit = (amount: string, isAbandoned: () => boolean) =>
    engine.submit({ ...operationOf(deposit(account, amount)), isAbandoned }).catch((error: Error) => error.name);
  const inFlight = [submit('1.00', () => gone)];
  await untilLockWaiters(database, 1);
  inFlight.push(submit('2.00', () => gone));
  await untilLockWaiters(database, 2);
  // Both transactions that the account may be part of are taken.
  const queued = submit('4.00', () => gone);
  const stayed = submit('8.00', () => false);
  gone = true;
  await held.release();
  expect(await queued).toBe('AbandonedError');
  for (const answer of [...inFlight, stayed]) expect(await answer).toMatchObject({ replayed: false });
  expect(await balanceOf(account)).toBe('11.00');
});

test('books once when the same keys are in groups of two processes at once', async () => {
  const engines = [createEngine(), createEngine()];
  const accounts = await Promise.all([1, 2, 3].map(() => openAccount()));
  let booked = 0;
  for (const _round of roundsOf(40)) {
    booked += 4;
    const keys = Array.from({ length: 12 }, () => uuidv7());
    const operations = keys.map((key, index) => operationOf(deposit(accounts[index % 3]!, '1.00'), { key }));
    // Each process has them in another order, and the same again under other ids.
    const [here, there] = await Promise.all([
      submitTogether(engines[0]!, operations),
      submitTogether(engines[1]!, [...operations].reverse()),
    ]);
    expect(there.reverse()).toEqual(here);
  }
  expect(await Promise.all(accounts.map(balanceOf))).toEqual(Array(3).fill(`${booked}.00`));
});

test('forms no deadlock in thousands of groups of two processes that share accounts in opposite order', async () => {
  const transfersEach = manyOrFew(1_000, 150);
  const before = await countDeadlocks(database);
  const engines = [createEngine(), createEngine()];
  const accounts = await Promise.all(Array.from({ length: 6 }, () => openAccount('10000.00')));
  const booked: TransactionDocument[] = [];
  await startTogether(6, async (caller) => {
    const process = caller % 2;
    for (let round = 0; round < transfersEach; round++) {
      const first = (caller + round) % 6;
      const pair = [accounts[first]!, accounts[(first + 1 + (round % 5)) % 6]!] as const;
      const [from, to] = process === 0 ? pair : [pair[1], pair[0]];
      const { outcome } = await engines[process]!.submit(operationOf(transfer(from, to, '1.00')));
      if ('result' in outcome) booked.push(outcome.result);
    }
  });
  expect(booked).toHaveLength(6 * transfersEach);
  expect(await databaseTransactionsOf(booked)).toBeGreaterThan(1.5 * transfersEach);
  const balances = await Promise.all(accounts.map(balanceOf));
  const total = balances.map((balance) => Money.parse(balance, 'USD')).reduce((sum, balance) => sum.plus(balance));
  expect(total.toString()).toBe('60000.00');
  for (const pool of pools.splice(0)) await pool.destroy();
  opening = createEngine();
  expect(await countDeadlocks(database)).toBe(before);
});

describe('a grouped run equals some serial order of the same operations', () => {
  const account = fc.nat({ max: 2 });
  const cents = fc.integer({ min: 1, max: 900 });
  const step = fc.oneof(
    fc.record({ to: account, cents }),
    fc.record({ from: account, cents }),
    fc.record({ from: account, to: account, cents }).filter(({ from, to }) => from !== to),
  );
  const amountOf = (cents: number) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;

  test('one group: the order in which they came', async () => {
    await checkRuns(1, (steps, outcomes) => {
      const balances = [0, 0, 0];
      const expected = steps.map(({ from, to, cents }: Step) => {
        if (from !== undefined && balances[from]! < cents) return 'insufficient_funds';
        if (from !== undefined) balances[from]! -= cents;
        if (to !== undefined) balances[to]! += cents;
        return 'booked';
      });
      expect(outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : 'booked'))).toEqual(expected);
    });
  });

  test('groups of three processes: the order of the versions, and every refusal was right at some moment', async () => {
    await checkRuns(3, () => {});
  });

  interface Step {
    from?: number;
    to?: number;
    cents: number;
  }

  async function checkRuns(
    processes: number,
    check: (steps: readonly Step[], outcomes: readonly unknown[]) => void,
  ): Promise<void> {
    const engines = Array.from({ length: processes }, () => createEngine());
    const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps: Step[]) => {
      const accounts = await Promise.all([0, 1, 2].map(() => openAccount()));
      const movements = steps.map(({ from, to, cents }) => {
        if (from === undefined) return deposit(accounts[to!]!, amountOf(cents));
        if (to === undefined) return withdrawal(accounts[from]!, amountOf(cents));
        return transfer(accounts[from]!, accounts[to]!, amountOf(cents));
      });
      const answers = await startTogether(steps.length, (index) =>
        engines[index % processes]!.submit(operationOf(movements[index]!)),
      );
      const outcomes = answers.map(({ outcome }) => ('result' in outcome ? outcome.result : outcome.refusal.code));
      check(steps, outcomes);
      expectSerial(accounts, outcomes);
      for (const { outcome } of answers) {
        if (!('refusal' in outcome)) continue;
        const { accountId, available } = outcome.refusal.facts as { accountId: string; available: string };
        expect(historyOf(accountId, outcomes)).toContain(available);
      }
    });
    await fc.assert(property, { numRuns: manyOrFew(25, 6) });
  }

  /** Every balance that the account had: at first, and after each of its entries. */
  function historyOf(accountId: string, outcomes: readonly (TransactionDocument | string)[]): string[] {
    const entries = outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [] : outcome.entries));
    return ['0.00', ...entries.flatMap((entry) => (entry.accountId === accountId ? entry.balanceAfter! : []))];
  }

  /** Books the transactions again one after another, each as soon as its versions are the next of its accounts. */
  function expectSerial(accounts: readonly string[], outcomes: readonly (TransactionDocument | string)[]): void {
    const state = new Map(accounts.map((id) => [id, { version: 0, balance: Money.zero('USD') }]));
    let left = outcomes.filter((outcome): outcome is TransactionDocument => typeof outcome !== 'string');
    while (left.length > 0) {
      const next = left.find(({ entries }) =>
        entries.every(({ accountId, version }) => !version || state.get(accountId)!.version + 1 === version),
      );
      expect(next).toBeDefined();
      for (const { accountId, amount, balanceAfter, version } of next!.entries) {
        if (!version) continue;
        const balance = state.get(accountId)!.balance.plus(Money.parseSigned(amount, 'USD'));
        expect([balance.isNegative(), balance.toString()]).toEqual([false, balanceAfter]);
        state.set(accountId, { version, balance });
      }
      left = left.filter((transaction) => transaction !== next);
    }
  }
});
