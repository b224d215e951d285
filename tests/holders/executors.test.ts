import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { controlOf, lift, outcomeOf, signChange } from '../support/account-control.ts';
import { openJointAccount } from '../support/joint-account.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

// An account whose owners are all dead: no owner is left to let go on what one of them stopped. Executors can.

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

/** An account with 300.00 whose debits Ann stopped, before she and Bob died. Dan looks after it and owns nothing. */
async function openEstate() {
  const delegate = { rights: ['view', 'deposit', 'delegate'] };
  const holders = { ann: {}, bob: {}, dan: delegate };
  const { id, party } = await openJointAccount(client, holders, {
    balance: '300.00',
    mandate: () => ({ rule: 'all' }),
  });
  const control = controlOf(client, id);
  const byAnn = (await control.restrict({ by: party.ann })).body.id as string;
  for (const dead of [party.ann, party.bob]) expect(outcomeOf(await control.bury(dead))).toBe('200');
  const { data } = (await client.get(`/v1/accounts/${id}/restrictions?active=true`)).body;
  expect(data).toMatchObject([
    { id: byAnn, by: party.ann },
    { by: null, reason: `Holder ${party.bob} has died` },
  ]);
  return { id, party, control, byAnn, byService: data[1].id as string };
}

test('an executor whom the service invited lifts what a dead holder stopped, and empties the account', async () => {
  const { id, party, control, byAnn, byService } = await openEstate();
  const eve = await client.createParty('Eve, executor');

  // Until there is an owner again, what Ann stopped is out of reach for all but the service, which must say why.
  expect(outcomeOf(await lift(client, byAnn))).toBe('400 validation_failed');
  expect(outcomeOf(await lift(client, byAnn, party.bob))).toBe('403 not_a_holder');
  expect(outcomeOf(await lift(client, byAnn, party.dan))).toBe('422 mandate_unreachable');
  expect(outcomeOf(await control.withdraw('300.00'))).toBe('422 account_restricted');

  const invited = await control.invite(eve);
  expect([invited.status, invited.body.status, invited.body.by]).toEqual([201, 'invited', null]);
  expect(outcomeOf(await lift(client, byAnn, eve))).toBe('403 not_a_holder');
  expect(outcomeOf(await control.accept(eve))).toBe('200');

  // She is the only owner now, and what she signs, all owners have signed.
  const lifted = await lift(client, byAnn, eve);
  expect([lifted.status, lifted.body.liftedBy]).toEqual([200, eve]);
  // That the estate is settled is for the service to say.
  expect(outcomeOf(await lift(client, byService, eve))).toBe('403 right_missing');
  expect(outcomeOf(await control.withdraw('300.00', eve))).toBe('422 account_restricted');
  expect(outcomeOf(await lift(client, byService))).toBe('200');
  expect(outcomeOf(await control.withdraw('300.00', eve))).toBe('201');
  expect((await client.post(`/v1/accounts/${id}/close`)).body).toMatchObject({ status: 'closed', balance: '0.00' });
});

test('two executors sign it together', async () => {
  const { control, byAnn, byService } = await openEstate();
  const [eve, max] = [await client.createParty('Eve'), await client.createParty('Max')];
  for (const executor of [eve, max]) {
    expect(outcomeOf(await control.invite(executor))).toBe('201');
    expect(outcomeOf(await control.accept(executor))).toBe('200');
  }
  const asked = await lift(client, byAnn, eve);
  expect([asked.status, asked.body.multiAuthorisation.missingFrom]).toEqual([202, [max]]);
  const signed = await signChange(client, asked.body.id, max);
  expect([signed.status, signed.body.status]).toEqual([200, 'applied']);
  expect(outcomeOf(await lift(client, byService))).toBe('200');
  expect(outcomeOf(await control.withdraw('300.00', max))).toBe('202');
});

test('an executor who is a delegate can’t, and one who declines leaves it as it was', async () => {
  const { control, byAnn } = await openEstate();
  const [eve, max] = [await client.createParty('Eve'), await client.createParty('Max')];
  const rights = ['view', 'withdraw', 'transfer', 'manage', 'delegate'];
  expect(outcomeOf(await control.invite(eve, { rights }))).toBe('201');
  expect(outcomeOf(await control.accept(eve))).toBe('200');
  expect(outcomeOf(await lift(client, byAnn, eve))).toBe('422 mandate_unreachable');
  expect(outcomeOf(await control.invite(max))).toBe('201');
  expect(outcomeOf(await control.decline(max))).toBe('200');
  expect(outcomeOf(await lift(client, byAnn, max))).toBe('403 not_a_holder');
  // A new invitation is open to both of them.
  expect(outcomeOf(await control.invite(max))).toBe('201');
  expect(outcomeOf(await control.accept(max))).toBe('200');
  expect(outcomeOf(await lift(client, byAnn, max))).toBe('200');
});

test('a mandate that names the dead is set anew by the service', async () => {
  const named = { mandate: (of: Record<'ann' | 'bob', string>) => ({ rule: 'named', signatories: [of.ann, of.bob] }) };
  const { id, party } = await openJointAccount(client, { ann: {}, bob: {} }, { balance: '300.00', ...named });
  const control = controlOf(client, id);
  for (const dead of [party.ann, party.bob]) await control.bury(dead);
  const eve = await client.createParty('Eve');
  await control.invite(eve);
  await control.accept(eve);
  const { data } = (await client.get(`/v1/accounts/${id}/restrictions?active=true`)).body;
  expect(outcomeOf(await lift(client, data[0].id))).toBe('200');
  expect(outcomeOf(await control.withdraw('300.00', eve))).toBe('422 mandate_unreachable');
  expect(outcomeOf(await control.setMandate({ rule: 'all' }))).toBe('200');
  expect(outcomeOf(await control.withdraw('300.00', eve))).toBe('201');
});
