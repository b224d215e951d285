import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GroupQueue, type Waiter } from '../../src/ledger/group-queue.ts';
import { createOperation, type OperationKind } from '../../src/ledger/operation.ts';

interface Command {
  accounts: readonly string[];
  /** Those of them of which it changes more than what it books. */
  owned: readonly string[];
  size: number;
}

const kind: OperationKind<Command, null, never, null> = {
  accountIds: ({ accounts }) => accounts,
  ownedAccountIds: ({ owned }) => owned,
  size: ({ size }) => size,
  load: async () => null,
  decide: () => ({ result: null }),
};

let keys = 0;

function waiterOn(
  accounts: string,
  { owned = '', size = 1, key = `key ${keys++}`, ledgerId = 'ledger', gone = false } = {},
): Waiter {
  const terms = {
    ledgerId,
    idempotencyKey: key,
    requestHash: Buffer.alloc(32),
    dryRun: false,
    isAbandoned: () => gone,
  };
  return {
    operation: createOperation(kind, { accounts: [...accounts], owned: [...owned], size }, terms),
    alone: false,
  };
}

function queueOf(waiters: readonly Waiter[], options: { lanes?: number; maxGroupSize?: number } = {}) {
  const queue = new GroupQueue<Waiter>({ lanes: 8, maxGroupSize: 100, ...options });
  for (const waiter of waiters) queue.add(waiter);
  return queue;
}

/** The accounts of the operations of each group that starts now. */
function start(queue: GroupQueue<Waiter>): string[][] {
  return queue.takeGroups().groups.map(accountsOf);
}

/** The same of all groups, each of which ends at once. */
function startAll(queue: GroupQueue<Waiter>): string[][] {
  const { groups } = queue.takeGroups();
  for (const group of groups) queue.leave(group);
  return groups.length === 0 ? [] : [...groups.map(accountsOf), ...startAll(queue)];
}

function accountsOf({ waiters }: { waiters: readonly Waiter[] }): string[] {
  return waiters.map(({ operation }) => operation.accountIds.join(''));
}

describe('who goes together', () => {
  test('all who wait, in their order, when nothing speaks against it', () => {
    expect(start(queueOf(['ab', 'c', 'ba', 'a'].map((accounts) => waiterOn(accounts))))).toEqual([
      ['ab', 'c', 'ba', 'a'],
    ]);
  });

  test.each([
    [
      'no more than a group may have',
      [3, 2, 1, 1],
      [
        ['0', '1'],
        ['2', '3'],
      ],
    ],
    ['nobody with one larger batch', [3, 2, 9, 1, 1], [['0', '1'], ['2'], ['3', '4']]],
    ['two larger batches with each other', [9, 9, 9, 1], [['0', '1'], ['2'], ['3']]],
  ])('%s', (_what, sizes, groups) => {
    const waiters = sizes.map((size, index) => waiterOn(String(index), { size }));
    expect(startAll(queueOf(waiters, { maxGroupSize: 5 }))).toEqual(groups);
  });

  test('only operations of one ledger', () => {
    const queue = queueOf([waiterOn('a'), waiterOn('b', { ledgerId: 'other' }), waiterOn('c')]);
    expect(startAll(queue)).toEqual([['a', 'c'], ['b']]);
  });

  test.each([
    ['names no account', [waiterOn('a'), waiterOn(''), waiterOn('b')]],
    ['has an idempotency key that another one has', [waiterOn('a', { key: 'k' }), waiterOn('a', { key: 'k' })]],
    ['was in a group that failed', [waiterOn('a'), { ...waiterOn('b'), alone: true }]],
  ])('nobody with an operation that %s', (_why, waiters) => {
    const groups = start(queueOf(waiters));
    expect(groups.flat()).toHaveLength(waiters.length);
    expect(groups.some((group) => group.length === 1)).toBe(true);
    expect(groups.length).toBe(2);
  });

  test('nobody with an account that somebody else keeps locked, until it was had again', () => {
    const queue = queueOf([waiterOn('a'), waiterOn('ab'), waiterOn('c')]);
    queue.markStuck(['b']);
    const { groups } = queue.takeGroups();
    expect(groups.map(accountsOf)).toEqual([['a', 'c'], ['ab']]);
    for (const group of groups) queue.leave(group);
    queue.clearStuck(['b']);
    for (const accounts of ['a', 'b']) queue.add(waiterOn(accounts));
    expect(start(queue)).toEqual([['a', 'b']]);
  });

  test.each<[string, Waiter[], string[][]]>([
    ['who comes later', [waiterOn('a', { owned: 'a' }), waiterOn('ab'), waiterOn('c')], [['a', 'c'], ['ab']]],
    ['who came before', [waiterOn('ab'), waiterOn('a', { owned: 'a' }), waiterOn('c')], [['ab', 'c'], ['a']]],
    ['who wants it for itself too', [waiterOn('a', { owned: 'a' }), waiterOn('ab', { owned: 'ab' })], [['a'], ['ab']]],
    ['who has it among others', [waiterOn('bcd'), waiterOn('ac', { owned: 'ac' })], [['bcd'], ['ac']]],
  ])('nobody with an account that one operation has to itself: %s', (_who, waiters, groups) => {
    expect(startAll(queueOf(waiters))).toEqual(groups);
  });

  test('those who want other accounts to themselves, and all on accounts that are only booked on', () => {
    const waiters = [
      waiterOn('ab', { owned: 'a' }),
      waiterOn('cb', { owned: 'c' }),
      waiterOn('bd'),
      waiterOn('d'),
      waiterOn('e', { owned: 'e' }),
    ];
    expect(start(queueOf(waiters))).toEqual([['ab', 'cb', 'bd', 'd', 'e']]);
  });

  test('again those on an account that somebody had to himself, once he is done', () => {
    const queue = queueOf([waiterOn('a', { owned: 'a' }), waiterOn('a'), waiterOn('ab'), waiterOn('b')]);
    const { groups } = queue.takeGroups();
    expect(groups.map(accountsOf)).toEqual([['a', 'b']]);
    for (const accounts of ['a', 'c']) queue.add(waiterOn(accounts));
    expect(start(queue)).toEqual([]);
    queue.leave(groups[0]!);
    expect(start(queue)).toEqual([['a', 'ab', 'a', 'c']]);
  });

  test('no third transaction of an account, also where the one that forms is full', () => {
    const queue = queueOf([waiterOn('a')], { lanes: 4, maxGroupSize: 3 });
    expect(start(queue)).toEqual([['a']]);
    for (let count = 0; count < 7; count++) queue.add(waiterOn('a'));
    expect(start(queue)).toEqual([['a', 'a', 'a']]);
    expect(queue.depth).toBe(4);
  });

  test('nobody with somebody else’s own account, whoever comes and goes; and everybody has his turn', () => {
    const accounts = fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1, maxLength: 3 });
    const arrival = accounts.chain((ids) => fc.record({ ids: fc.constant(ids), owned: fc.subarray(ids) }));
    const rounds = fc.array(fc.array(arrival, { maxLength: 6 }), { maxLength: 30 });
    fc.assert(
      fc.property(rounds, fc.integer({ min: 1, max: 4 }), (arrivals, lanes) => {
        const queue = new GroupQueue<Waiter>({ lanes, maxGroupSize: 4 });
        let [arrived, served] = [0, 0];
        const go = () => {
          const { groups } = queue.takeGroups();
          for (const { waiters } of groups) {
            served += waiters.length;
            for (const { operation: one } of waiters) {
              const others = waiters.filter(({ operation }) => operation !== one);
              const touched = new Set(others.flatMap(({ operation }) => operation.accountIds));
              expect(one.ownedAccountIds.filter((id) => touched.has(id))).toEqual([]);
            }
          }
          return groups;
        };
        let running: ReturnType<typeof go> = [];
        for (const round of arrivals) {
          for (const { ids, owned } of round) queue.add(waiterOn(ids.join(''), { owned: owned.join('') }));
          arrived += round.length;
          running.push(...go());
          const ended = running.shift();
          if (ended !== undefined) queue.leave(ended);
        }
        do {
          for (const group of running) queue.leave(group);
          running = go();
        } while (running.length > 0);
        expect([queue.depth, served]).toEqual([0, arrived]);
      }),
      { numRuns: 300 },
    );
  });

  test('nobody who has gone away', () => {
    const gone = waiterOn('a', { gone: true });
    const { groups, abandoned } = queueOf([waiterOn('b'), gone]).takeGroups();
    expect([groups.map(accountsOf), abandoned]).toEqual([[['b']], [gone]]);
  });
});

describe('who has to wait', () => {
  test('those whose account is in two transactions already, and nobody else', () => {
    const queue = queueOf([
      { ...waiterOn('a'), alone: true },
      { ...waiterOn('a'), alone: true },
    ]);
    expect(start(queue)).toHaveLength(2);
    for (const accounts of ['ab', 'c', 'b']) queue.add(waiterOn(accounts));
    expect(start(queue)).toEqual([['c', 'b']]);
  });

  test('those who would go before somebody who waits longer for the same account', () => {
    const queue = queueOf([{ ...waiterOn('a'), alone: true }, { ...waiterOn('a'), alone: true }, waiterOn('ab')]);
    const { groups } = queue.takeGroups();
    queue.add({ ...waiterOn('b'), alone: true });
    queue.add({ ...waiterOn('b'), alone: true });
    // One place at b belongs to the one who waits for both.
    expect(start(queue)).toEqual([['b']]);
    queue.leave(groups[0]!);
    expect(start(queue)).toEqual([['ab']]);
  });

  test('everybody while all lanes are taken; those who were put back come first then', () => {
    const queue = queueOf([waiterOn('')], { lanes: 1 });
    const [running] = queue.takeGroups().groups;
    queue.add(waiterOn('a'));
    queue.putBack([waiterOn('b'), waiterOn('c')]);
    expect(queue.takeGroups().groups).toEqual([]);
    expect(queue.depth).toBe(3);
    queue.leave(running!);
    expect(start(queue)).toEqual([['b', 'c', 'a']]);
  });

  test('nobody is let in when as many wait as may, and ten times as many movements count as that', () => {
    const queue = queueOf([waiterOn('')], { lanes: 1 });
    queue.takeGroups();
    for (let round = 0; round < 3; round++) queue.add(waiterOn('a'));
    expect([queue.isFull(4), queue.isFull(3)]).toEqual([false, true]);
    queue.add(waiterOn('b', { size: 97 }));
    expect([queue.isFull(11), queue.isFull(10)]).toEqual([false, true]);
    queue.remove(queue.takeGroups().groups[0]?.waiters[0] ?? waiterOn('c'));
    expect(queue.depth).toBe(4);
  });

  test('nobody any more for the lane of a group that is held up', () => {
    const queue = queueOf([]);
    const held = [];
    for (const account of ['a', 'b', 'c', 'd', 'e']) {
      queue.add(waiterOn(account));
      const { groups } = queue.takeGroups();
      held.push(...groups);
      for (const group of groups) queue.heldUp(group);
    }
    expect(held).toHaveLength(5);
  });
});

test('serves everybody once, in the order of each account, however transactions end', () => {
  const accounts = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 2 }).map((ids) => ids.join(''));
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ arrives: accounts }) },
    { weight: 2, arbitrary: fc.record({ ends: fc.nat() }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 4 }), (steps, lanes) => {
      const queue = new GroupQueue<Waiter>({ lanes, maxGroupSize: 3 });
      const arrived: Waiter[] = [];
      const served: Waiter[] = [];
      const running: Array<ReturnType<typeof queue.takeGroups>['groups'][number]> = [];
      const go = () => {
        const { groups } = queue.takeGroups();
        running.push(...groups);
        served.push(...groups.flatMap((group) => group.waiters));
        expect(running.length).toBeLessThanOrEqual(lanes);
        for (const account of 'abcd') {
          expect(running.filter((group) => group.accountIds.has(account)).length).toBeLessThanOrEqual(2);
        }
        for (const group of groups) expect(group.size).toBeLessThanOrEqual(3);
      };
      for (const action of steps) {
        if ('arrives' in action) {
          const waiter = waiterOn(action.arrives);
          arrived.push(waiter);
          queue.add(waiter);
        } else if (running.length > 0) {
          queue.leave(running.splice(action.ends % running.length, 1)[0]!);
        }
        go();
      }
      while (running.length > 0) {
        queue.leave(running.shift()!);
        go();
      }
      expect(served).toHaveLength(arrived.length);
      expect(new Set(served)).toEqual(new Set(arrived));
      // Two with the same accounts never overtake each other.
      for (const ids of ['a', 'ab', 'cd']) {
        const same = (waiter: Waiter) => waiter.operation.accountIds.join('') === ids;
        expect(served.filter(same)).toEqual(arrived.filter(same));
      }
    }),
    { numRuns: 300 },
  );
});
