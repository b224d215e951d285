import { describe, expect, test } from '@jest/globals';
import type { LockedAccount } from '../../src/ledger/locked-account.ts';
import { Money } from '../../src/money/money.ts';
import { readBand, refuseLimit, refuseRight, signersOf } from '../../src/ownership/authorise.ts';
import { type Holder, type HolderRight, holderRights } from '../../src/ownership/holder.ts';
import type { Ownership, Spent } from '../../src/ownership/load-ownership.ts';
import { anyOneSigns, bandFor } from '../../src/ownership/mandate.ts';

const money = (amount: string) => Money.parse(amount, 'USD');
const orNull = (amount: string | undefined) => (amount === undefined ? null : money(amount));

interface Limits {
  perMovement?: string;
  perDay?: string;
  perMonth?: string;
}

const actor = (partyId: string) => ({ partyId, authentication: null });

function holder(partyId: string, rights: readonly HolderRight[], limits: Limits = {}): Holder {
  const { perMovement, perDay, perMonth } = limits;
  return {
    partyId,
    rights,
    limits: { perMovement: orNull(perMovement), perDay: orNull(perDay), perMonth: orNull(perMonth) },
    joinedAt: new Date(0),
  };
}

function ownershipOf(holders: readonly Holder[], spent: ReadonlyMap<string, Spent> = new Map()): Ownership {
  return {
    isHeld: true,
    takesOwnSignatures: false,
    survivorship: 'survivors',
    waitingOrders: 0,
    holders,
    mandate: anyOneSigns,
    spent,
    outflows: [],
  };
}

function account(takenOut: Readonly<Record<string, string>> = {}): LockedAccount {
  return {
    ...{
      id: 'account',
      currency: 'USD',
      ownership: 'joint',
      status: 'active',
      version: 1,
      revision: 0,
      eventCount: 0,
      lastEventStamp: 0,
    },
    ...{ balance: money('1000'), held: money('0'), overdraftLimit: money('0') },
    ...{ lastBookedAt: null, closedAt: null, debitsStopped: false, creditsStopped: false, nextExpiry: null },
    takenOut: new Map(
      Object.entries(takenOut).map(([partyId, amount]) => {
        const how = { kind: 'transfer' as const, signedBy: [partyId], underBand: null };
        return [partyId, { partyId, ...how, amount: money(amount) }];
      }),
    ),
  };
}

describe('rights', () => {
  const ann = ownershipOf([holder('ann', ['view', 'withdraw']), holder('bob', ['manage', 'delegate'])]);

  test.each(holderRights)('refuses a stranger "%s" and says nothing of the account but its id', (right) => {
    const refused = refuseRight('account', ann, actor('eve'), right);
    expect(refused).toEqual({
      code: 'not_a_holder',
      detail: 'Party eve is no active holder of account account.',
      facts: { accountId: 'account', partyId: 'eve' },
    });
  });

  test.each(holderRights)('lets holders do "%s" where they have the right, delegates too', (right) => {
    const answers = [
      refuseRight('account', ann, actor('ann'), right),
      refuseRight('account', ann, actor('bob'), right),
    ];
    expect(answers.map((refused) => refused?.code)).toEqual([
      ['view', 'withdraw'].includes(right) ? undefined : 'right_missing',
      ['manage', 'delegate'].includes(right) ? undefined : 'right_missing',
    ]);
  });

  test('tells a holder which right is missing, and which it has', () => {
    expect(refuseRight('account', ann, actor('ann'), 'transfer')).toMatchObject({
      facts: { accountId: 'account', right: 'transfer', rights: ['view', 'withdraw'] },
    });
  });
});

describe('limits', () => {
  const all = { perMovement: '50.00', perDay: '100.00', perMonth: '300.00' };
  const spent = (today: string, thisMonth: string) => ({ today: money(today), thisMonth: money(thisMonth) });

  test.each<[string, Limits, Spent | undefined, string | undefined, string, string | undefined]>([
    ['no limits', {}, undefined, undefined, '999999999999999999.99', undefined],
    ['a movement at its limit', all, undefined, undefined, '50.00', undefined],
    ['a movement above it', all, undefined, undefined, '50.01', 'perMovement 50.00 used 0.00 remaining 50.00'],
    ['a day that is used up to the cent', all, spent('60.00', '60.00'), undefined, '40.00', undefined],
    [
      'a day with a cent too little',
      all,
      spent('60.01', '60.01'),
      undefined,
      '40.00',
      'perDay 100.00 used 60.01 remaining 39.99',
    ],
    ['a month used up to the cent', all, spent('0', '260.00'), undefined, '40.00', undefined],
    [
      'a month with a cent too little',
      all,
      spent('0', '260.01'),
      undefined,
      '40.00',
      'perMonth 300.00 used 260.01 remaining 39.99',
    ],
    ['both too little', all, spent('90.00', '290.00'), undefined, '10.01', 'perDay 100.00 used 90.00 remaining 10.00'],
    ['what was taken since', all, spent('30.00', '30.00'), '30.00', '40.00', undefined],
    [
      'too much taken since',
      all,
      spent('30.00', '30.00'),
      '30.01',
      '40.00',
      'perDay 100.00 used 60.01 remaining 39.99',
    ],
    [
      'taken since, of the month',
      { perMonth: '100' },
      spent('0', '50.00'),
      '20.00',
      '30.01',
      'perMonth 100.00 used 70.00 remaining 30.00',
    ],
    ['taken since, which one movement does not count', { perMovement: '50' }, undefined, '50.00', '50.00', undefined],
    ['only taken since', { perDay: '100' }, undefined, '70.00', '30.01', 'perDay 100.00 used 70.00 remaining 30.00'],
    ['a limit of nothing', { perDay: '0' }, undefined, undefined, '0.01', 'perDay 0.00 used 0.00 remaining 0.00'],
    [
      'a limit that was lowered below what is used',
      { perDay: '10' },
      spent('15', '15'),
      undefined,
      '0.01',
      'perDay 10.00 used 15.00 remaining -5.00',
    ],
  ])('%s', (_name, limits, before, justNow, amount, refused) => {
    const ownership = ownershipOf([holder('ann', ['withdraw'], limits)], new Map(before && [['ann', before]]));
    const answer = refuseLimit(account(justNow === undefined ? {} : { ann: justNow }), ownership, 'ann', money(amount));
    const { limit, used, remaining } = { ...answer?.facts };
    const name = limit as keyof Limits;
    const said = answer && `${name} ${money(limits[name]!)} used ${used} remaining ${remaining}`;
    expect(said).toBe(refused);
    if (answer !== undefined)
      expect([answer.code, answer.facts?.amount]).toEqual(['limit_exceeded', money(limits[name]!).toString()]);
  });

  test('count what the party itself took out, and nobody else', () => {
    const both = [holder('ann', ['withdraw'], { perDay: '100' }), holder('bob', ['withdraw'], { perDay: '20' })];
    const ownership = ownershipOf(both, new Map([['ann', spent('90', '90')]]));
    const taken = account({ ann: '5.00' });
    expect(refuseLimit(taken, ownership, 'bob', money('20.00'))).toBeUndefined();
    expect(refuseLimit(taken, ownership, 'ann', money('5.01'))?.code).toBe('limit_exceeded');
  });

  test('are those of holders: nobody else has any', () => {
    expect(refuseLimit(account(), ownershipOf([]), 'eve', money('1.00'))).toBeUndefined();
  });
});

test('reads a mandate with those who have the right to the movement', () => {
  const ownership = ownershipOf([
    holder('ann', ['withdraw', 'transfer']),
    holder('bob', ['withdraw']),
    holder('cat', ['transfer', 'delegate']),
    holder('dan', ['view', 'deposit', 'manage']),
  ]);
  const ids = (kind: 'withdrawal' | 'transfer') => signersOf(ownership, kind).map(({ partyId }) => partyId);
  expect([ids('withdrawal'), ids('transfer')]).toEqual([
    ['ann', 'bob'],
    ['ann', 'cat'],
  ]);
  const mandate = { version: 3, bands: [{ rule: 'any' as const, upTo: '10.00' }, { rule: 'all' as const }] };
  const at = new Date();
  const approved = new Map(['ann', 'cat', 'dan'].map((partyId) => [partyId, at]));
  const voices = { approved, rejected: new Map<string, Date>() };
  const read = (kind: 'withdrawal' | 'transfer', amount: string) =>
    readBand(ownership, bandFor(mandate, kind, money(amount)), kind, voices);
  expect(read('withdrawal', '10.00')).toMatchObject({ isComplete: true, signedBy: ['ann'] });
  expect(read('withdrawal', '10.01')).toMatchObject({ isComplete: false, missingFrom: ['bob'] });
  expect(read('transfer', '10.01')).toMatchObject({ isComplete: true, signedBy: ['ann'] });
});
