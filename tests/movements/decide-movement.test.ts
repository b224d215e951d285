import { describe, expect, test } from '@jest/globals';
import type { LockedAccount } from '../../src/ledger/locked-account.ts';
import { Money } from '../../src/money/money.ts';
import {
  createDeposit,
  createTransfer,
  createWithdrawal,
  type MovementDetails,
} from '../../src/movements/create-movement.ts';
import { decideMovement } from '../../src/movements/decide-movement.ts';
import type { Movement } from '../../src/movements/movement.ts';
import type { TransactionDocument } from '../../src/movements/present-transaction.ts';

const ledgerId = '01936f00-0000-7000-8000-000000000001';
const known = 'known-party';
const now = new Date('2026-11-01T12:00:00.000Z');

function money(amount: string, currency = 'USD'): Money {
  return Money.fromDatabase(amount, currency);
}

function account(id: string, { balance = '0', currency = 'USD', limit = '0', ...rest }: AccountOptions = {}) {
  return {
    id,
    currency,
    ownership: 'joint' as const,
    status: 'active' as const,
    balance: money(balance, currency),
    held: money('0', currency),
    overdraftLimit: money(limit, currency),
    version: 7,
    revision: 0,
    eventCount: 0,
    lastEventStamp: 0,
    lastBookedAt: null,
    closedAt: null,
    debitsStopped: false,
    creditsStopped: false,
    nextExpiry: null,
    takenOut: new Map(),
    ...rest,
  };
}

interface AccountOptions extends Partial<Omit<LockedAccount, 'balance' | 'overdraftLimit'>> {
  balance?: string;
  limit?: string;
}

function terms(amount: string, currency = 'USD', notes: Partial<MovementDetails> = {}): MovementDetails {
  const unsaid = {
    initiatedBy: null,
    authentication: null,
    description: null,
    reference: null,
    valueDate: null,
    metadata: null,
  };
  return { amount: Money.parse(amount, currency), ...unsaid, ...notes };
}

function decide(movement: Movement, accounts: readonly LockedAccount[]) {
  const state = new Map(accounts.map((locked) => [locked.id, locked]));
  const loaded = { partyIds: new Set([known]), ownership: new Map(), reservations: new Map() };
  return decideMovement(movement, { accounts: state, loaded, now, dryRun: false });
}

function refusalOf(movement: Movement, accounts: readonly LockedAccount[]) {
  const decision = decide(movement, accounts);
  return 'refusal' in decision ? decision.refusal : undefined;
}

function approvalOf(movement: Movement, accounts: readonly LockedAccount[]) {
  const decision = decide(movement, accounts);
  if ('refusal' in decision) throw new Error(decision.refusal.detail);
  expect([decision.order, decision.transactions.length]).toEqual([undefined, 1]);
  return { ...decision, result: decision.result as TransactionDocument, transaction: decision.transactions[0]! };
}

const largest = '999999999999999999.99';
const closed = { status: 'closed' as const, closedAt: now };
const clearing = { ownership: 'clearing' as const };
const byStranger = { initiatedBy: 'stranger' };

/** Each pair of neighbouring reasons: what gives both at once, and what is left when the first is mended. */
const precedence: Array<{
  first: string;
  second: string;
  both: LockedAccount[];
  mended: LockedAccount[];
  by?: object;
}> = [
  {
    first: 'account_not_found',
    second: 'party_not_found',
    by: byStranger,
    both: [account('from', { balance: '10' })],
    mended: [account('from', { balance: '10' }), account('to')],
  },
  {
    first: 'clearing_account',
    second: 'account_closed',
    both: [account('from', closed), account('to', clearing)],
    mended: [account('from', closed), account('to')],
  },
  {
    first: 'account_closed',
    second: 'currency_mismatch',
    both: [account('from', { currency: 'EUR', balance: '10' }), account('to', closed)],
    mended: [account('from', { currency: 'EUR', balance: '10' }), account('to')],
  },
  {
    first: 'currency_mismatch',
    second: 'insufficient_funds',
    both: [account('from'), account('to', { currency: 'EUR' })],
    mended: [account('from'), account('to')],
  },
  {
    first: 'insufficient_funds',
    second: 'balance_limit_exceeded',
    both: [account('from'), account('to', { balance: largest })],
    mended: [account('from', { balance: '10' }), account('to', { balance: largest })],
  },
];

describe('the order of refusals', () => {
  test.each(precedence)('$first comes before $second', ({ first, second, both, mended, by = {} }) => {
    const transfer = createTransfer('from', 'to', terms('10.00', 'USD', by));
    expect(refusalOf(transfer, both)?.code).toBe(first);
    expect(refusalOf(transfer, mended)?.code).toBe(second);
  });

  test('party_not_found comes before clearing_account', () => {
    const accounts = [account('from', clearing), account('to')];
    expect(refusalOf(createTransfer('from', 'to', terms('10.00', 'USD', byStranger)), accounts)?.code).toBe(
      'party_not_found',
    );
    const byKnown = terms('10.00', 'USD', { initiatedBy: known });
    expect(refusalOf(createTransfer('from', 'to', byKnown), accounts)?.code).toBe('clearing_account');
  });

  test('names the account that pays where both sides have the same problem', () => {
    const transfer = createTransfer('from', 'to', terms('10.00'));
    expect(refusalOf(transfer, [])?.detail).toContain('from');
    expect(refusalOf(transfer, [account('from', closed), account('to', closed)])?.detail).toContain('from');
  });
});

describe('what may leave an account', () => {
  test.each([
    { balance: '10', held: '0', limit: '0', available: '10.00', above: '10.01' },
    { balance: '10', held: '4', limit: '0', available: '6.00', above: '6.01' },
    { balance: '-3', held: '0', limit: '5', available: '2.00', above: '2.01' },
    { balance: '10', held: '4', limit: '5', available: '11.00', above: '11.01' },
  ])('is $available with $balance booked, $held held and a limit of $limit', (example) => {
    const { balance, held, limit, available, above } = example;
    const accounts = [account('a', { balance, limit, held: money(held) })];
    expect(approvalOf(createWithdrawal(ledgerId, 'a', terms(available)), accounts).result.amount).toBe(available);
    expect(refusalOf(createWithdrawal(ledgerId, 'a', terms(above)), accounts)).toMatchObject({
      code: 'insufficient_funds',
      facts: { accountId: 'a', available },
    });
  });

  test('never stops money from coming in, whatever the account owes', () => {
    const owing = account('a', { balance: '-50', limit: '10' });
    expect(approvalOf(createDeposit(ledgerId, 'a', terms('1.00')), [owing]).result.entries[0]).toMatchObject({
      balanceAfter: '-49.00',
    });
  });
});

test('stops a deposit at the largest balance that a ledger keeps', () => {
  const accounts = [account('a', { balance: '999999999999999999.00' })];
  const approved = approvalOf(createDeposit(ledgerId, 'a', terms('0.99')), accounts);
  expect(approved.result.entries[0]?.balanceAfter).toBe(largest);
  expect(refusalOf(createDeposit(ledgerId, 'a', terms('1.00')), accounts)?.code).toBe('balance_limit_exceeded');
});

test.each([
  { currency: 'JPY', amount: '7', balance: '100', out: '-7', after: '93' },
  { currency: 'KWD', amount: '0.001', balance: '1.0000', out: '-0.001', after: '0.999' },
  { currency: 'UYW', amount: '0.0001', balance: '0.0001', out: '-0.0001', after: '0.0000' },
])('moves $amount $currency with the decimals of the currency', ({ currency, amount, balance, out, after }) => {
  const accounts = [account('from', { currency, balance }), account('to', { currency })];
  const { result, transaction, changedAccounts } = approvalOf(
    createTransfer('from', 'to', terms(amount, currency)),
    accounts,
  );
  expect(result).toMatchObject({ amount, currency });
  expect(result.entries).toEqual([
    { accountId: 'from', amount: out, balanceAfter: after, version: 8 },
    { accountId: 'to', amount, balanceAfter: amount, version: 8 },
  ]);
  expect(changedAccounts?.map((changed) => [changed.balance.toString(), changed.version])).toEqual([
    [after, 8],
    [amount, 8],
  ]);
  expect(transaction.entries.reduce((sum, entry) => sum.plus(entry.amount), Money.zero(currency)).isZero()).toBe(true);
});

test('books against the clearing account without a balance or a version', () => {
  const { result, changedAccounts } = approvalOf(createDeposit(ledgerId, 'a', terms('5.00')), [account('a')]);
  expect(result.entries).toHaveLength(2);
  expect(result.entries[1]).toEqual({ accountId: expect.stringMatching(/-5[0-9a-f]{3}-/), amount: '-5.00' });
  expect(changedAccounts?.map(({ id }) => id)).toEqual(['a']);
});

test.each([
  { last: [null, null], bookedAt: '2026-11-01T12:00:00.000Z' },
  { last: ['2026-10-31T00:00:00.000Z', null], bookedAt: '2026-11-01T12:00:00.000Z' },
  { last: ['2026-11-01T12:00:00.001Z', null], bookedAt: '2026-11-01T12:00:00.001Z' },
  { last: ['2026-11-01T12:00:00.001Z', '2026-11-01T12:00:02.000Z'], bookedAt: '2026-11-01T12:00:02.000Z' },
])('books at $bookedAt when the accounts were last booked at $last', ({ last, bookedAt }) => {
  const at = (text: string | null | undefined) => (text == null ? null : new Date(text));
  const accounts = [
    account('from', { balance: '10', lastBookedAt: at(last[0]) }),
    account('to', { lastBookedAt: at(last[1]) }),
  ];
  const approved = approvalOf(createTransfer('from', 'to', terms('10.00')), accounts);
  expect(approved.result).toMatchObject({ bookedAt, valueDate: bookedAt.slice(0, 10) });
  expect(approved.changedAccounts?.map((changed) => changed.lastBookedAt?.toISOString())).toEqual([bookedAt, bookedAt]);
});

test('books nothing more than two seconds ahead of the clock', () => {
  const lastBookedAt = new Date('2026-11-01T12:00:02.001Z');
  const accounts = [account('from', { balance: '10' }), account('to', { lastBookedAt })];
  const decision = decide(createTransfer('from', 'to', terms('10.00')), accounts);
  expect(decision).toMatchObject({ refusal: { code: 'booked_in_the_future', facts: { accountId: 'to' } } });
});

test('changes nothing that it was given', () => {
  const before = Object.freeze(account('a', { balance: '10' }));
  approvalOf(createWithdrawal(ledgerId, 'a', terms('10.00', 'USD', { valueDate: '2026-01-01' })), [before]);
  expect([before.balance.toString(), before.version, before.lastBookedAt]).toEqual(['10.00', 7, null]);
});
