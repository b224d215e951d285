import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { projectsQueue } from '../../src/approvals/projects-queue.ts';
import { accountChangesQueue, invitationsQueue } from '../../src/holders/holders-queues.ts';
import { expiriesQueue } from '../../src/holds/expiries-queue.ts';
import { type EventType, eventTypes } from '../../src/ledger/ledger-event.ts';
import { standingOrderSignaturesQueue, standingOrdersQueue } from '../../src/standing-orders/standing-orders-queues.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import type { WorkQueue } from '../../src/workers/work-queue.ts';
import { controlOf, lift } from '../support/account-control.ts';
import { untilLogged } from '../support/event-log.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { signAsTheyAre } from '../support/standing-orders.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// Everything that can happen, brought about over HTTP and by the workers, and then read back from the log.

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back.
type Json = any;

let service: TestService;
let client: TestClient;
/** What a caller who read the resource right after it happened was answered. */
const seen: Array<{ type: EventType; subject: string; document: Json }> = [];

beforeAll(async () => {
  service = await startTestService({});
  client = service.client;
});

afterAll(() => service.stop());

async function read(path: string): Promise<Json> {
  const { status, body } = await client.get(path);
  expect([path, status]).toEqual([path, 200]);
  return body;
}

/** Asks for something, which must succeed; answers what it made. */
async function ask(path: string, body?: object): Promise<Json> {
  const answer = await client.post(path, body);
  expect([path, answer.status, answer.body?.detail]).toEqual([path, expect.any(Number), undefined]);
  return answer.body;
}

/** Notes that this was to be told, and how the resource reads now. */
async function happened(type: EventType, subject: string, path: string, find = (body: Json) => body): Promise<void> {
  const document = find(await read(path));
  expect([type, document]).toEqual([type, expect.anything()]);
  seen.push({ type, subject, document });
}

const inList = (key: string, value: string) => (body: Json) =>
  body.data.find((item: Record<string, unknown>) => item[key] === value);

const work = async (queue: WorkQueue) =>
  expect(
    await runBatch({ database: service.database, logger: pino({ level: 'silent' }) }, queue, service.ledgerId),
  ).toBeGreaterThan(0);

/** The end of these rows came a minute ago. */
async function letPass(table: string, row: object, column = 'expires_at'): Promise<void> {
  const past = service.database.raw("now() - interval '1 minute'");
  expect(
    await service
      .database(table)
      .where(row)
      .update({ [column]: past }),
  ).toBe(1);
}

const sign = ({ id, instructionHash }: Json, kind: string, party: string, decision = 'approve') =>
  ask(`/v1/${kind}/${id}/authorisations`, { by: party, decision, instructionHash });

const nextMonth = () => new Date(Date.now() + 30 * 86_400_000).toISOString();
const usd = (amount: string) => ({ amount, currency: 'USD' });

async function partiesAndAccounts(): Promise<void> {
  const ann = await ask('/v1/parties', { name: 'Ann' });
  await happened('party.created', ann.id, `/v1/parties/${ann.id}`);
  // An event of a party shows it as it is.
  const { id: bob } = await ask('/v1/parties', { name: 'Bob' });
  expect((await client.patch(`/v1/parties/${bob}`, { name: 'Bobby' })).status).toBe(200);
  await ask(`/v1/parties/${bob}/erase`);
  await happened('party.updated', bob, `/v1/parties/${bob}`);
  await happened('party.erased', bob, `/v1/parties/${bob}`);
  const { id } = await ask('/v1/accounts', { name: 'Short', currency: 'USD', ownership: 'sole' });
  const account = `/v1/accounts/${id}`;
  await happened('account.opened', id, account);
  expect((await client.patch(account, { name: 'Shorter' })).status).toBe(200);
  await happened('account.updated', id, account);
  await ask(`${account}/close`);
  await happened('account.closed', id, account);
}

async function holds(): Promise<void> {
  const accountId = await client.openAccount();
  const deposit = await ask(`/v1/accounts/${accountId}/deposits`, usd('100.00'));
  await happened('transaction.booked', deposit.id, `/v1/transactions/${deposit.id}`);
  const place = () => ask('/v1/holds', { accountId, ...usd('10.00') });
  const { id } = await place();
  await happened('hold.placed', id, `/v1/holds/${id}`);
  await ask(`/v1/holds/${id}/extend`, { expiresAt: nextMonth() });
  await happened('hold.extended', id, `/v1/holds/${id}`);
  await ask(`/v1/holds/${id}/capture`);
  await happened('hold.captured', id, `/v1/holds/${id}`);
  const voided = (await place()).id;
  await ask(`/v1/holds/${voided}/void`);
  await happened('hold.voided', voided, `/v1/holds/${voided}`);
  const late = (await place()).id;
  await letPass('holds', { id: late });
  await letPass('accounts', { id: accountId }, 'next_expiry');
  await work(expiriesQueue);
  await happened('hold.expired', late, `/v1/holds/${late}`);
}

/** An account of three whose signatures are all asked for. */
const openOfThree = () =>
  openJointAccount(client, { ann: {}, bob: {}, cai: {} }, { balance: '500.00', mandate: () => ({ rule: 'all' }) });

async function paymentOrders(): Promise<void> {
  const { id: account, party } = await openOfThree();
  const make = () => ask(`/v1/accounts/${account}/withdrawals`, { ...usd('10.00'), initiatedBy: party.ann });
  const told = (type: EventType, { id }: Json) => happened(type, id, `/v1/payment-orders/${id}`);
  const order = await make();
  await told('payment_order.waiting', order);
  await sign(order, 'payment-orders', party.bob);
  await told('payment_order.signed', order);
  await sign(order, 'payment-orders', party.cai);
  await told('payment_order.booked', order);
  const unwanted = await make();
  await sign(unwanted, 'payment-orders', party.bob, 'reject');
  await told('payment_order.rejected', unwanted);
  const mistaken = await make();
  await ask(`/v1/payment-orders/${mistaken.id}/cancel`);
  await told('payment_order.cancelled', mistaken);
  const late = await make();
  await letPass('payment_orders', { id: late.id });
  await letPass('holds', { id: late.id });
  await letPass('accounts', { id: account }, 'next_expiry');
  await work(expiriesQueue);
  await told('payment_order.expired', late);
}

async function projects(): Promise<void> {
  const { id: account, party } = await openOfThree();
  const open = (fields: object = {}) => ask(`/v1/accounts/${account}/projects`, { name: 'Roof', ...fields });
  const propose = ({ id }: Json) => ask(`/v1/projects/${id}/proposals`, { title: 'Slates', ...usd('10.00') });
  const told = (type: EventType, { id }: Json) => happened(type, id, `/v1/${type.split('.')[0]}s/${id}`);
  const project = await open();
  await told('project.opened', project);
  const [best, rival, idle] = [await propose(project), await propose(project), await propose(project)];
  await told('proposal.made', best);
  await ask(`/v1/proposals/${idle.id}/withdraw`);
  await told('proposal.withdrawn', idle);
  for (const by of [party.ann, party.bob]) {
    await ask(`/v1/proposals/${best.id}/accept`, { by, instructionHash: best.instructionHash });
    await told('proposal.signed', best);
  }
  await ask(`/v1/proposals/${best.id}/accept`, { by: party.cai, instructionHash: best.instructionHash });
  await told('proposal.accepted', best);
  await told('project.assigned', project);
  await told('proposal.rejected', rival);
  const unwanted = await open();
  await ask(`/v1/projects/${unwanted.id}/close`);
  await told('project.closed', unwanted);
  const late = await open({ expiresAt: nextMonth() });
  await letPass('projects', { id: late.id });
  await work(projectsQueue);
  await told('project.expired', late);
}

async function holders(): Promise<void> {
  const { id: account } = await openJointAccount(client, { ann: {} });
  const control = controlOf(client, account);
  const told = (type: EventType, party: string) =>
    happened(type, party, `/v1/accounts/${account}/holders?limit=200`, inList('partyId', party));
  const invite = async () => {
    const party = await client.createParty('Eve');
    expect((await control.invite(party)).status).toBe(201);
    return party;
  };
  const join = async () => {
    const party = await invite();
    expect((await control.accept(party)).status).toBe(200);
    return party;
  };
  const eve = await invite();
  await told('holder.invited', eve);
  await control.accept(eve);
  await told('holder.joined', eve);
  await control.setTerms(eve, { rights: ['view'] });
  await told('holder.changed', eve);
  await control.leave(eve);
  await told('holder.left', eve);
  const dan = await invite();
  await control.decline(dan);
  await told('holder.declined', dan);
  const flo = await invite();
  await letPass('holders', { account_id: account, party_id: flo }, 'invitation_expires_at');
  await work(invitationsQueue);
  await told('holder.invitation_expired', flo);
  const gus = await join();
  await control.remove(gus);
  await told('holder.removed', gus);
  const hal = await join();
  await control.bury(hal);
  await told('holder.deceased', hal);
  await control.setMandate({ rule: 'all' });
  await happened('mandate.changed', account, `/v1/accounts/${account}/mandate`);
  const { id } = (await control.restrict()).body;
  const restrictions = `/v1/accounts/${account}/restrictions`;
  await happened('restriction.placed', id, restrictions, inList('id', id));
  await lift(client, id);
  await happened('restriction.lifted', id, restrictions, inList('id', id));
}

async function accountChanges(): Promise<void> {
  const { id: account, party } = await openOfThree();
  const make = async () => (await controlOf(client, account).setMandate({ rule: 'any' }, party.ann)).body;
  const told = (type: EventType, { id }: Json) => happened(type, id, `/v1/account-changes/${id}`);
  const unwanted = await make();
  await told('account_change.waiting', unwanted);
  await sign(unwanted, 'account-changes', party.bob, 'reject');
  await told('account_change.rejected', unwanted);
  const mistaken = await make();
  await ask(`/v1/account-changes/${mistaken.id}/cancel`);
  await told('account_change.cancelled', mistaken);
  const late = await make();
  await letPass('account_changes', { id: late.id });
  await work(accountChangesQueue);
  await told('account_change.expired', late);
  const change = await make();
  await sign(change, 'account-changes', party.bob);
  await told('account_change.signed', change);
  await sign(change, 'account-changes', party.cai);
  await told('account_change.applied', change);
}

async function standingOrders(): Promise<void> {
  const { id: fromAccountId, party } = await openOfThree();
  const toAccountId = await client.openAccount();
  const schedule = { startsAt: '2099-01-05T09:00:00', recurrence: 'FREQ=DAILY' };
  const terms = { fromAccountId, toAccountId, ...usd('1.00'), schedule, retries: { times: 0 } };
  const make = () => ask('/v1/standing-orders', { ...terms, initiatedBy: party.ann });
  const told = (type: EventType, { id }: Json) => happened(type, id, `/v1/standing-orders/${id}`);
  const order = await make();
  await told('standing_order.waiting', order);
  await sign(order, 'standing-orders', party.bob);
  await told('standing_order.signed', order);
  await sign(order, 'standing-orders', party.cai);
  await told('standing_order.activated', order);
  for (const [act, type] of [
    ['pause', 'standing_order.paused'],
    ['resume', 'standing_order.resumed'],
    ['cancel', 'standing_order.cancelled'],
  ] as const) {
    await ask(`/v1/standing-orders/${order.id}/${act}`);
    await told(type, order);
  }
  const unwanted = await make();
  await sign(unwanted, 'standing-orders', party.bob, 'reject');
  await told('standing_order.rejected', unwanted);
  const late = await make();
  await letPass('standing_orders', { id: late.id });
  await work(standingOrderSignaturesQueue);
  await told('standing_order.expired', late);
}

async function runsOfStandingOrders(): Promise<void> {
  const [rich, poor] = [await client.openAccount({ balance: '100.00' }), await client.openAccount()];
  const schedule = { startsAt: '2099-01-05T09:00:00' };
  const make = (fields: object) =>
    ask('/v1/standing-orders', { currency: 'USD', schedule, retries: { times: 0 }, ...fields });
  /** Its one occurrence came an hour ago. */
  async function run({ id }: Json, type: EventType): Promise<void> {
    const { database } = service;
    const anHourAgo = "date_trunc('second', now() - interval '1 hour')";
    await database('standing_orders')
      .where({ id })
      .update({
        starts_at: database.raw(`to_char(${anHourAgo} at time zone time_zone, 'YYYY-MM-DD"T"HH24:MI:SS')`),
        handled_until: database.raw(`${anHourAgo} - interval '1 minute'`),
        next_occurrence_at: database.raw(anHourAgo),
        next_due_at: database.raw(anHourAgo),
        next_attempt_at: database.raw(anHourAgo),
      });
    await signAsTheyAre(database, service.ledgerId);
    await work(standingOrdersQueue);
    const order = await read(`/v1/standing-orders/${id}`);
    await happened(type, id, `/v1/standing-orders/${id}/runs`, ({ data }) => ({ standingOrder: order, run: data[0] }));
    await happened('standing_order.completed', id, `/v1/standing-orders/${id}`);
  }
  const pay = { fromAccountId: rich, toAccountId: poor };
  await run(await make({ ...pay, amount: '10.00' }), 'standing_order.run_booked');
  await run(await make({ ...pay, sweep: { keep: '500.00' } }), 'standing_order.run_skipped');
  const back = { fromAccountId: poor, toAccountId: rich };
  await run(await make({ ...back, amount: '999.00' }), 'standing_order.run_refused');
}

async function statements(): Promise<void> {
  const id = await client.openAccount();
  await service
    .database('accounts')
    .where({ id })
    .update({ created_at: service.database.raw("now() - interval '3 days'") });
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const issued = await ask(`/v1/accounts/${id}/statements`, { through: yesterday });
  await happened('statement.issued', issued.id, `/v1/accounts/${id}/statements`, inList('id', issued.id));
}

async function webhookEndpoints(): Promise<void> {
  const { id } = await ask('/v1/webhook-endpoints', { url: 'https://receiver.example/hooks' });
  const path = `/v1/webhook-endpoints/${id}`;
  expect((await client.patch(path, { status: 'disabled' })).status).toBe(200);
  await happened('webhook_endpoint.disabled', id, path);
}

/** The server seems to have another life than the one in which the log was written. */
async function logContinued(): Promise<void> {
  await untilLogged(service);
  const log = service.rows('logs').where('ledger_id', service.ledgerId);
  await log.update({ server_life: 'another' });
  await client.createParty('Somebody');
  await untilLogged(service);
  const of = { ledger_id: service.ledgerId, number: 1 };
  const { first_position: position } = await service.rows('log_numbers').where(of).first();
  seen.push({ type: 'log.continued', subject: service.ledgerId, document: { number: 1, position } });
}

/** All that is told. */
async function readLog(): Promise<Json[]> {
  await untilLogged(service);
  const log: Json[] = [];
  for (let cursor = ''; ; ) {
    const { data, nextCursor } = await read(`/v1/events?limit=50${cursor}`);
    if (data.length === 0) return log;
    log.push(...data);
    cursor = `&cursor=${nextCursor}`;
  }
}

/** CloudEvents 1.0, sections "Required attributes", "Optional attributes" and "Naming conventions". */
function expectCloudEvent({ data, ...attributes }: Json): void {
  expect(attributes).toMatchObject({
    specversion: '1.0',
    id: expect.stringMatching(/./),
    source: `/ledgers/${service.ledgerId}`,
    type: expect.stringMatching(/./),
    subject: expect.stringMatching(/./),
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    datacontenttype: 'application/json',
  });
  for (const [name, value] of Object.entries(attributes)) {
    expect([name, value]).toEqual([expect.stringMatching(/^[a-z0-9]{1,20}$/), expect.any(String)]);
  }
  const ofAccount = ['accountid', 'sequence', 'sequencetype'].filter((name) => name in attributes);
  expect([0, 3]).toContain(ofAccount.length);
  expect(data).toEqual(expect.any(Object));
}

test('every type of event is told, as a CloudEvent with the document that callers see', async () => {
  await partiesAndAccounts();
  await holds();
  await paymentOrders();
  await projects();
  await holders();
  await accountChanges();
  await standingOrders();
  await runsOfStandingOrders();
  await statements();
  await webhookEndpoints();
  await logContinued();

  const log = await readLog();
  expect([...new Set(log.map(({ type }) => type))].sort()).toEqual([...eventTypes].sort());
  expect([...new Set(seen.map(({ type }) => type))].sort()).toEqual([...eventTypes].sort());
  for (const event of log) expectCloudEvent(event);
  expect(new Set(log.map(({ id }) => id)).size).toBe(log.length);
  for (const { type, subject } of seen) {
    const isIt = (one: { type: string; subject: string }) => one.type === type && one.subject === subject;
    // Some say less than the resource does; the end of a hold says beside it what was let go of.
    const told = log.filter(isIt).map(({ data: { released: _released, ...data } }) => data);
    expect([type, seen.filter(isIt).map(({ document }) => document)]).toMatchObject([type, told]);
  }
});
