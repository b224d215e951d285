import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { runLedgerTransaction } from '../../src/database/ledger-transaction.ts';
import { bookGroup } from '../../src/ledger/book-group.ts';
import { createOperation } from '../../src/ledger/operation.ts';
import { Money } from '../../src/money/money.ts';
import { createWithdrawal } from '../../src/movements/create-movement.ts';
import { postMovement } from '../../src/movements/post-movement.ts';
import type { HolderRight } from '../../src/ownership/holder.ts';
import { type BatchItem, item, outcomesOf, sendBatch, sendSingle } from '../support/batches.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { holdAccountLock, untilLockWaiters } from '../support/lock-witness.ts';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import type { TestClient } from '../support/test-client.ts';
import { startSecondApi, startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;
let secondApi: Awaited<ReturnType<typeof startSecondApi>>;
/** An account that nobody holds. */
let open: string;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  secondApi = await startSecondApi(service);
  open = await client.openAccount({ balance: '100000.00' });
});

afterAll(async () => {
  await secondApi.api.stop(5_000);
  await service.stop();
});

/** "201", or the code of the refusal. */
async function outcomeOf(movement: BatchItem): Promise<string> {
  const { status, body } = await sendSingle(client, movement);
  return status === 201 ? '201' : body.code;
}

async function outcomesInTurn(movements: readonly BatchItem[]): Promise<string[]> {
  const outcomes = [];
  for (const movement of movements) outcomes.push(await outcomeOf(movement));
  return outcomes;
}

const countOf = (outcomes: readonly string[], outcome: string) => outcomes.filter((each) => each === outcome).length;

/** Every way in which a party can move a dollar of an account, and what it takes. */
const ways: Record<string, { takes: HolderRight | null; movement: (account: string, by: object) => BatchItem }> = {
  'deposit into it': { takes: 'deposit', movement: (account, by) => item.deposit(account, '1.00', by) },
  'withdraw from it': { takes: 'withdraw', movement: (account, by) => item.withdrawal(account, '1.00', by) },
  'transfer out of it': { takes: 'transfer', movement: (account, by) => item.transfer(account, open, '1.00', by) },
  'transfer into it': { takes: null, movement: (account, by) => item.transfer(open, account, '1.00', by) },
  'have an entry out of it': {
    takes: 'transfer',
    movement: (account, by) => item.multiLeg({ [open]: '1.00', [account]: '-1.00' }, by),
  },
  'have an entry into it': {
    takes: null,
    movement: (account, by) => item.multiLeg({ [account]: '1.00', [open]: '-1.00' }, by),
  },
};

const rightsOfHolders: HolderRight[][] = [
  ['view'],
  ['deposit'],
  ['withdraw'],
  ['transfer'],
  ['manage'],
  ['view', 'deposit', 'transfer', 'manage'],
  ['withdraw', 'delegate'],
  ['deposit', 'transfer', 'delegate'],
];

describe('rights', () => {
  test.each(rightsOfHolders.map((rights) => [rights] as const))('a holder with %j', async (rights) => {
    const { id, party } = await openJointAccount(client, { ann: { rights } }, { balance: '50.00' });
    for (const [name, { takes, movement }] of Object.entries(ways)) {
      const expected = takes === null || rights.includes(takes) ? '201' : 'right_missing';
      const sent = movement(id, { initiatedBy: party.ann });
      expect([name, await outcomeOf(sent)]).toEqual([name, expected]);
      const inBatch = outcomesOf(await sendBatch(client, false, [sent, sent]));
      const each = expected === '201' ? expected : `403 ${expected}`;
      expect([name, inBatch]).toEqual([name, [each, each]]);
      const dry = await client.post(`/v1/batches?dryRun=true`, { atomic: false, items: [sent] });
      expect([name, outcomesOf(dry)]).toEqual([name, [expected === '201' ? '200' : each]]);
    }
  });

  test('of the account that pays are asked for, and say what is missing', async () => {
    const { id, party } = await openJointAccount(
      client,
      { ann: { rights: ['view', 'deposit'] } },
      { balance: '50.00' },
    );
    const answer = await sendSingle(client, item.withdrawal(id, '1.00', { initiatedBy: party.ann }));
    expect(answer.status).toBe(403);
    expect(answer.body).toEqual({
      type: '/errors#right_missing',
      title: 'The holder lacks the right',
      status: 403,
      detail: `Party ${party.ann} holds account ${id} without the right "withdraw".`,
      code: 'right_missing',
      requestId: answer.headers['x-request-id'],
      accountId: id,
      partyId: party.ann,
      right: 'withdraw',
      rights: ['view', 'deposit'],
    });
    expect(await client.balance(id)).toBe('50.00');
  });

  test('of both accounts are asked for where both pay', async () => {
    const { id, party } = await openJointAccount(client, { ann: {} }, { balance: '50.00' });
    const other = await openJointAccount(client, { bob: {} }, { balance: '50.00' });
    const legs = item.multiLeg({ [id]: '-1.00', [other.id]: '-1.00', [open]: '2.00' }, { initiatedBy: party.ann });
    expect((await sendSingle(client, legs)).body).toMatchObject({ code: 'not_a_holder', accountId: other.id });
  });

  test('sign: the initiator stands in signedBy where the account has holders, and only there', async () => {
    const { id, party } = await openJointAccount(client, { ann: {}, dan: { rights: ['withdraw', 'delegate'] } });
    const signed = async (movement: BatchItem) => {
      const { body } = await sendSingle(client, movement);
      expect((await client.get(`/v1/transactions/${body.id}`)).body).toEqual(body);
      return [body.initiatedBy, body.signedBy, body.origin];
    };
    expect(await signed(item.deposit(id, '9.00', { initiatedBy: party.ann }))).toEqual([party.ann, [party.ann], null]);
    expect(await signed(item.withdrawal(id, '1.00', { initiatedBy: party.dan }))).toEqual([
      party.dan,
      [party.dan],
      null,
    ]);
    expect(await signed(item.withdrawal(id, '1.00'))).toEqual([null, [], null]);
    expect(await signed(item.withdrawal(open, '1.00', { initiatedBy: party.ann }))).toEqual([party.ann, [], null]);
    const entries = (await client.get(`/v1/accounts/${id}/entries`)).body.data;
    expect(entries.map(({ signedBy }: { signedBy: string[] }) => signedBy)).toEqual([[], [party.dan], [party.ann]]);
  });

  test('are asked of parties only: the calling service moves what it likes', async () => {
    const nobodyPays = { rights: ['view'], limits: { perMovement: '0' } };
    const { id } = await openJointAccount(client, { ann: nobodyPays }, { balance: '50.00' });
    for (const { movement } of Object.values(ways)) expect(await outcomeOf(movement(id, {}))).toBe('201');
  });

  test('are asked of nobody on an account that never had a holder', async () => {
    const [account, party] = [await client.openAccount({ balance: '50.00' }), await client.createParty('Ann')];
    for (const { movement } of Object.values(ways)) {
      expect(await outcomeOf(movement(account, { initiatedBy: party }))).toBe('201');
    }
  });
});

describe('a stranger', () => {
  const taking = Object.entries(ways).filter(([, { takes }]) => takes !== null);

  test.each(['active', 'invited', 'declined', 'left', 'removed', 'deceased'])(
    'is everybody but an active holder: %s',
    async (status) => {
      const { id, party } = await openJointAccount(client, { ann: {} }, { balance: '50.00' });
      await service.rows('holders').where({ account_id: id }).update({ status });
      for (const [name, { movement }] of taking) {
        const expected = status === 'active' ? '201' : 'not_a_holder';
        expect([name, await outcomeOf(movement(id, { initiatedBy: party.ann }))]).toEqual([name, expected]);
      }
    },
  );

  test('is told the same whatever there is to tell: nothing of the account', async () => {
    const eve = await client.createParty('Eve');
    const mandate = () => ({ rule: 'all' });
    const [empty, rich, full, closed, stopped] = await Promise.all([
      openJointAccount(client, { ann: {} }),
      openJointAccount(client, { ann: {}, bob: {} }, { balance: '1000.00', mandate }),
      openJointAccount(client, { ann: {} }, { balance: '999999999999999999.99' }),
      openJointAccount(client, { ann: {} }),
      openJointAccount(client, { ann: {} }, { balance: '5.00' }),
    ]);
    expect((await client.post(`/v1/accounts/${closed.id}/close`)).status).toBe(200);
    const restriction = { reason: 'a court order', scope: 'both' };
    expect((await client.post(`/v1/accounts/${stopped.id}/restrictions`, restriction)).status).toBe(201);
    for (const [name, { movement }] of taking) {
      for (const { id } of [empty, rich, full, closed, stopped]) {
        const byEve = movement(id, { initiatedBy: eve });
        const inYen = name.includes('entry') ? byEve : { ...byEve, amount: '1', currency: 'JPY' };
        for (const sent of [byEve, inYen]) {
          const answer = await sendSingle(client, sent);
          expect(answer.body).toEqual({
            type: '/errors#not_a_holder',
            title: 'The party does not hold the account',
            status: 403,
            detail: `Party ${eve} is no active holder of account ${id}.`,
            code: 'not_a_holder',
            requestId: answer.headers['x-request-id'],
            accountId: id,
            partyId: eve,
          });
          expect(answer.headers.etag).toBeUndefined();
        }
      }
    }
  });
});

describe('limits', () => {
  const ann = (limits: object) => ({ ann: { limits } });

  test('of one movement, a day and a month are kept to the cent, whatever takes the money out', async () => {
    const limits = { perMovement: '50.00', perDay: '100.00', perMonth: '120.00' };
    const { id, party } = await openJointAccount(client, ann(limits), { balance: '1000.00' });
    const by = { initiatedBy: party.ann };
    expect(
      await outcomesInTurn([
        item.withdrawal(id, '50.01', by),
        item.withdrawal(id, '50.00', by),
        item.transfer(id, open, '30.00', by),
        item.multiLeg({ [id]: '-20.01', [open]: '20.01' }, by),
        item.multiLeg({ [id]: '-19.99', [open]: '19.99' }, by),
        item.withdrawal(id, '0.02', by),
        item.withdrawal(id, '0.01', by),
        item.withdrawal(id, '0.01', by),
      ]),
    ).toEqual(['limit_exceeded', '201', '201', 'limit_exceeded', '201', 'limit_exceeded', '201', 'limit_exceeded']);
    expect(await client.balance(id)).toBe('900.00');
  });

  test('say which it is and what is left of it, with what the account has', async () => {
    const { id, party } = await openJointAccount(client, ann({ perDay: '100.00' }), { balance: '1000.00' });
    const by = { initiatedBy: party.ann };
    expect(await outcomeOf(item.withdrawal(id, '60.00', by))).toBe('201');
    const answer = await sendSingle(client, item.transfer(id, open, '40.01', by));
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      code: 'limit_exceeded',
      ...{ accountId: id, limit: 'perDay', amount: '100.00', used: '60.00', remaining: '40.00' },
      explanation: { rule: 'limit_exceeded', accountId: id, booked: '940.00', available: '940.00', heldBy: [] },
    });
  });

  test('count only what the holder itself takes out', async () => {
    const holders = { ...ann({ perDay: '10.00' }), bob: { limits: { perDay: '20.00' } } };
    const { id, party } = await openJointAccount(client, holders, { balance: '100.00' });
    const other = await openJointAccount(client, { cat: {} });
    const by = { initiatedBy: party.ann };
    expect(
      await outcomesInTurn([
        item.withdrawal(id, '50.00'),
        item.withdrawal(id, '20.00', { initiatedBy: party.bob }),
        item.deposit(id, '30.00', by),
        item.transfer(open, id, '30.00', by),
        item.withdrawal(open, '30.00', by),
        item.transfer(id, other.id, '10.00', by),
        item.withdrawal(id, '0.01', by),
        item.withdrawal(id, '0.01', { initiatedBy: party.bob }),
      ]),
    ).toEqual(['201', '201', '201', '201', '201', '201', 'limit_exceeded', 'limit_exceeded']);
  });

  test('are those of the holder on this account, not on another one', async () => {
    const first = await openJointAccount(client, ann({ perDay: '10.00' }), { balance: '100.00' });
    const holders = [{ partyId: first.party.ann, limits: { perDay: '5.00' } }];
    const second = await client.post('/v1/accounts', {
      name: 'Own',
      currency: 'USD',
      ownership: 'sole',
      holders,
      overdraftLimit: '100',
    });
    const by = { initiatedBy: first.party.ann };
    const both = (amount: string) => [
      item.withdrawal(first.id, amount, by),
      item.withdrawal(second.body.id, amount, by),
    ];
    expect(await outcomesInTurn(both('5.00'))).toEqual(['201', '201']);
    const legs = item.multiLeg({ [first.id]: '-5.00', [second.body.id]: '-0.01', [open]: '5.01' }, by);
    expect((await sendSingle(client, legs)).body).toMatchObject({ code: 'limit_exceeded', accountId: second.body.id });
    expect(await outcomesInTurn(both('5.00'))).toEqual(['201', 'limit_exceeded']);
  });

  test('hold for delegates, and a dry run neither counts nor passes', async () => {
    const delegate = { dan: { rights: ['withdraw', 'delegate'], limits: { perDay: '10' } } };
    const { id, party } = await openJointAccount(client, delegate, { balance: '100.00' });
    const dry = (amount: string) =>
      client.post(`/v1/accounts/${id}/withdrawals?dryRun=true`, { amount, currency: 'USD', initiatedBy: party.dan });
    expect((await dry('10.00')).body.status).toBe('dry_run');
    expect((await dry('10.01')).body.code).toBe('limit_exceeded');
    expect(await outcomeOf(item.withdrawal(id, '10.00', { initiatedBy: party.dan }))).toBe('201');
    expect((await dry('0.01')).body.code).toBe('limit_exceeded');
  });

  test('count the items of a batch one after another, and not those of a batch that is refused', async () => {
    const { id, party } = await openJointAccount(client, ann({ perDay: '100.00' }), { balance: '1000.00' });
    const by = { initiatedBy: party.ann };
    const items = ['40.00', '40.00', '40.00', '20.00', '0.01'].map((amount) => item.withdrawal(id, amount, by));
    expect((await sendBatch(client, true, items)).body).toMatchObject({
      code: 'batch_item_refused',
      item: 2,
      refusal: { code: 'limit_exceeded', used: '80.00', remaining: '20.00' },
    });
    const exceeded = '422 limit_exceeded';
    expect(outcomesOf(await sendBatch(client, false, items))).toEqual(['201', '201', exceeded, '201', exceeded]);
    expect(outcomesOf(await sendBatch(client, false, items.slice(3)))).toEqual([exceeded, exceeded]);
    expect(await client.balance(id)).toBe('900.00');
  });
});

describe('limits of days and months', () => {
  const noLimits = { lockTimeoutMs: 5_000, statementTimeoutMs: 10_000, idleTimeoutMs: 10_000 };

  /** Books a withdrawal as if it had been made at another time. */
  async function withdrawAt(at: Date, accountId: string, initiatedBy: string, amount: string): Promise<void> {
    const notes = {
      initiatedBy,
      authentication: null,
      description: null,
      reference: null,
      metadata: null,
      valueDate: null,
    };
    const movement = createWithdrawal(service.ledgerId, accountId, { amount: Money.parse(amount, 'USD'), ...notes });
    const terms = {
      ledgerId: service.ledgerId,
      idempotencyKey: uuidv7(),
      requestHash: Buffer.alloc(32),
      dryRun: false,
    };
    await runLedgerTransaction(service.database, service.ledgerId, noLimits, async (transaction) => {
      const [answer] = await bookGroup(transaction, [createOperation(postMovement, movement, terms)], 'lock', {
        bookingClock: () => at,
      });
      expect(Object.keys(answer!.outcome)).toEqual(['result', 'etag']);
    });
  }

  /** Minutes since midnight, and the month, on clocks of the time zone. */
  function clockIn(timeZone: string, at: Date): { minutes: number; month: string } {
    const options = { timeZone, hourCycle: 'h23', month: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
    const parts = new Intl.DateTimeFormat('en', options).formatToParts(at);
    const part = (type: string) => parts.find((each) => each.type === type)!.value;
    return {
      minutes: 60 * Number.parseInt(part('hour'), 10) + Number.parseInt(part('minute'), 10),
      month: part('month'),
    };
  }

  /** At most five hours apart all around the clock, none with daylight saving time. */
  const zones = ['Pacific/Honolulu', 'America/Bogota', 'Africa/Abidjan', 'Asia/Karachi', 'Asia/Tokyo'];

  test('begin at midnight of the account’s time zone', async () => {
    const now = new Date();
    const sixHoursAgo = new Date(now.getTime() - 6 * 3_600_000);
    const early = zones.find((zone) => clockIn(zone, now).minutes < 330)!;
    const late = zones.find((zone) => clockIn(zone, now).minutes > 400 && clockIn(zone, now).minutes < 1_420)!;
    for (const [timeZone, left] of [
      [early, '100.00'],
      [late, '20.00'],
    ] as const) {
      const holders = { ann: { limits: { perDay: '100.00' } } };
      const { id, party } = await openJointAccount(client, holders, { overdraftLimit: '1000.00', timeZone });
      await withdrawAt(sixHoursAgo, id, party.ann, '80.00');
      const by = { initiatedBy: party.ann };
      const above = Money.parse(left, 'USD').plus(Money.parse('0.01', 'USD')).toString();
      const outcomes = [
        await outcomeOf(item.withdrawal(id, above, by)),
        await outcomeOf(item.withdrawal(id, left, by)),
      ];
      expect([timeZone, outcomes]).toEqual([timeZone, ['limit_exceeded', '201']]);
    }
  });

  test('of a month count its other days, and not the month before', async () => {
    const now = new Date();
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth()));
    const holders = { ann: { limits: { perMonth: '100.00' } } };
    const { id, party } = await openJointAccount(client, holders, { overdraftLimit: '1000.00' });
    await withdrawAt(new Date(month.getTime() - 1_000), id, party.ann, '90.00');
    await withdrawAt(month, id, party.ann, '60.00');
    const by = { initiatedBy: party.ann };
    const refused = await sendSingle(client, item.withdrawal(id, '40.01', by));
    expect(refused.body).toMatchObject({
      code: 'limit_exceeded',
      limit: 'perMonth',
      used: '60.00',
      remaining: '40.00',
    });
    expect(await outcomesInTurn([item.withdrawal(id, '40.00', by), item.withdrawal(id, '0.01', by)])).toEqual([
      '201',
      'limit_exceeded',
    ]);
  });

  test('of a day do not count the day before in the same month', async () => {
    const now = new Date();
    // A zone where it is not the first, and not around midnight either.
    const timeZone = zones.find((zone) => {
      const { minutes } = clockIn(zone, now);
      const yesterday = new Date(now.getTime() - 86_400_000);
      return minutes < 1_420 && clockIn(zone, now).month === clockIn(zone, yesterday).month;
    });
    if (timeZone === undefined) return;
    const holders = { ann: { limits: { perDay: '100.00', perMonth: '150.00' } } };
    const { id, party } = await openJointAccount(client, holders, { overdraftLimit: '1000.00', timeZone });
    await withdrawAt(new Date(now.getTime() - 86_400_000), id, party.ann, '80.00');
    const by = { initiatedBy: party.ann };
    const refused = await sendSingle(client, item.withdrawal(id, '70.01', by));
    expect(refused.body).toMatchObject({ code: 'limit_exceeded', limit: 'perMonth', used: '80.00' });
    expect(await outcomeOf(item.withdrawal(id, '70.00', by))).toBe('201');
  });
});

describe('a day’s limit of 100.00 and ten withdrawals of 30.00 at once', () => {
  const limits = { perDay: '100.00' };
  const openForTwo = () => openJointAccount(client, { ann: { limits }, bob: { limits } }, { balance: '10000.00' });
  const clients = () => [client, secondApi.client];

  async function expectTaken(accountId: string, movements: number): Promise<void> {
    expect(await client.balance(accountId)).toBe(`${10_000 - 30 * movements}.00`);
  }

  test('let exactly three pass for each of two holders, from two services, in every round', async () => {
    for (const _round of roundsOf(8)) {
      const { id, party } = await openForTwo();
      const answers = await startTogether(20, (caller) => {
        const initiatedBy = caller % 2 === 0 ? party.ann : party.bob;
        return sendSingle(clients()[Math.floor(caller / 2) % 2]!, item.withdrawal(id, '30.00', { initiatedBy }));
      });
      for (const offset of [0, 1]) {
        const outcomes = answers.filter((_, caller) => caller % 2 === offset).map(({ body }) => body.code ?? 'booked');
        expect([countOf(outcomes, 'booked'), countOf(outcomes, 'limit_exceeded')]).toEqual([3, 7]);
      }
      await expectTaken(id, 6);
    }
  });

  test('let exactly three pass among batches and singles, from two services, in every round', async () => {
    for (const round of roundsOf(8)) {
      const { id, party } = await openForTwo();
      const one = item.withdrawal(id, '30.00', { initiatedBy: party.ann });
      const answers = await startTogether(8, async (caller) => {
        const by = clients()[(caller + round) % 2]!;
        if (caller % 4 === 1) return outcomesOf(await sendBatch(by, false, [one, item.deposit(id, '0.01'), one]));
        const single = await sendSingle(by, one);
        return [single.body.code ?? '201'];
      });
      const outcomes = answers.flat();
      expect(countOf(outcomes, '201') - 2).toBe(3);
      expect(countOf(outcomes, '422 limit_exceeded') + countOf(outcomes, 'limit_exceeded')).toBe(7);
      expect(await client.balance(id)).toBe('9910.02');
    }
  });

  test('let exactly three pass where all go in one group', async () => {
    const { id, party } = await openForTwo();
    const held = await holdAccountLock(service.database, id);
    // The first two stand at the lock in transactions of their own; all others gather behind them.
    const ahead = startTogether(2, () => sendSingle(client, item.deposit(id, '30.00')));
    await untilLockWaiters(service.database, 1);
    const answers = startTogether(10, () =>
      sendSingle(client, item.withdrawal(id, '30.00', { initiatedBy: party.ann })),
    );
    await untilLockWaiters(service.database, 2);
    await held.release();
    expect((await ahead).map(({ status }) => status)).toEqual([201, 201]);
    const outcomes = (await answers).map(({ body }) => body.code ?? 'booked');
    expect([countOf(outcomes, 'booked'), countOf(outcomes, 'limit_exceeded')]).toEqual([3, 7]);
    await expectTaken(id, 1);
  });
});
