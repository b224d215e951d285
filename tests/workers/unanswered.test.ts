import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { projectsQueue } from '../../src/approvals/projects-queue.ts';
import { changeHash } from '../../src/holders/account-change.ts';
import { accountChangesQueue, invitationsQueue } from '../../src/holders/holders-queues.ts';
import { asChange } from '../../src/holders/management-queries.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import type { WorkQueue } from '../../src/workers/work-queue.ts';
import { controlOf, outcomeOf, readTag, signChange } from '../support/account-control.ts';
import { openJointAccount } from '../support/joint-account.ts';
import { holdAccountLock } from '../support/lock-witness.ts';
import { accept, clientOf, openProject, openScene, propose } from '../support/projects.ts';
import { roundsOf } from '../support/rounds.ts';
import { startTogether } from '../support/start-together.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService({});
  client = service.client;
});

afterAll(() => service.stop());

const sweep = (queue: WorkQueue) =>
  runBatch({ database: service.database, logger: pino({ level: 'silent' }) }, queue, service.ledgerId);

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString();
const never = async () => {};

/** Moves an end so that it comes in so many milliseconds, by the database's clock; a minute ago unless it is said. */
async function endsIn(table: string, row: object, ms = -60_000): Promise<void> {
  const { database } = service;
  const column = table === 'holders' ? 'invitation_expires_at' : 'expires_at';
  const end = database.raw("clock_timestamp() + ? * interval '1 ms'", [ms]);
  expect(
    await database(table)
      .where(row)
      .update({ [column]: end }),
  ).toBe(1);
}

/** What is told of an account, latest last: type, subject and document. */
async function toldOf(accountId: string) {
  const rows = await service.database('events').where('account_id', accountId).orderBy('sequence');
  return rows.map(({ type, subject_id, data }) => ({ type: type as string, subject: subject_id as string, data }));
}

interface Scene {
  readonly account: string;
  /** The party, change or project that is waited for. */
  readonly subject: string;
  /** Brings its end about. */
  readonly pass: (ms?: number) => Promise<void>;
  readonly read: () => PromiseLike<{ body: { status: string } }>;
  /** What would have ended it otherwise; answers that it did, or not. */
  readonly answer: () => PromiseLike<{ status: number; body: { code?: string } }>;
}

interface Kind {
  readonly queue: WorkQueue;
  readonly event: string;
  /** The event of an answer in time, and what an answer hears that came too late. */
  readonly inTime: string;
  readonly tooLate: string;
  readonly open: () => Promise<Scene>;
}

const kinds: Record<string, Kind> = {
  'an invitation': {
    queue: invitationsQueue,
    event: 'holder.invitation_expired',
    inTime: 'holder.joined',
    tooLate: '409 invitation_not_open',
    async open() {
      const { id, party } = await openJointAccount(client, { ann: {} });
      const eve = await client.createParty('Eve');
      expect((await controlOf(client, id).invite(eve, { by: party.ann })).status).toBe(201);
      return {
        account: id,
        subject: eve,
        pass: (ms) => endsIn('holders', { account_id: id, party_id: eve }, ms),
        read: async () => {
          const { body } = await client.get(`/v1/accounts/${id}/holders`);
          return { body: body.data.find(({ partyId }: { partyId: string }) => partyId === eve) };
        },
        answer: () => controlOf(client, id).accept(eve),
      };
    },
  },
  'an account change': {
    queue: accountChangesQueue,
    event: 'account_change.expired',
    inTime: 'account_change.applied',
    tooLate: '409 account_change_not_pending',
    async open() {
      const { id, party } = await openJointAccount(client, { ann: {}, bob: {} }, { mandate: () => ({ rule: 'all' }) });
      const asked = await controlOf(client, id).setMandate({ rule: 'any' }, party.ann);
      expect(asked.status).toBe(202);
      const change = asked.body.id;
      return {
        account: id,
        subject: change,
        pass: (ms) => endsIn('account_changes', { id: change }, ms),
        read: () => client.get(`/v1/account-changes/${change}`),
        answer: () => signChange(client, change, party.bob),
      };
    },
  },
  'a project': {
    queue: projectsQueue,
    event: 'project.expired',
    inTime: 'project.assigned',
    tooLate: '409 project_not_open',
    async open() {
      const { account, holders } = await openScene(client);
      const project = await openProject(client, account, { expiresAt: tomorrow() });
      const proposal = await propose(client, project);
      return {
        account,
        subject: project,
        pass: (ms) => endsIn('projects', { id: project }, ms),
        read: () => client.get(`/v1/projects/${project}`),
        answer: () => accept(client, proposal, holders[0]),
      };
    },
  },
};

describe.each(Object.entries(kinds))('%s that nobody answers in time', (_name, kind) => {
  test('reads as expired from then on, and is stored and told of once', async () => {
    const { account, subject, pass, read } = await kind.open();
    const told = await toldOf(account);
    expect(await sweep(kind.queue)).toBe(0);
    await pass();
    const expired = (await read()).body;
    expect(expired.status).toBe('expired');
    const { etag } = await readTag(client, account);
    expect(await toldOf(account)).toEqual(told);

    expect(await sweep(kind.queue)).toBe(1);
    // An invitation is read from the list of holders, which has names as well; no event has.
    const [last] = (await toldOf(account)).slice(told.length);
    expect(last).toMatchObject({ type: kind.event, subject });
    expect(expired).toMatchObject(last!.data);
    expect((await read()).body).toEqual(expired);
    expect((await readTag(client, account)).etag).toBe(etag);

    const after = await toldOf(account);
    expect(await sweep(kind.queue)).toBe(0);
    expect(await toldOf(account)).toEqual(after);
  });

  test.each([
    ['before it is stored', never],
    ['after', () => sweep(kind.queue)],
  ])('is too late to answer %s', async (_when, store) => {
    const { pass, answer } = await kind.open();
    await pass();
    await store();
    expect(outcomeOf(await answer())).toBe(kind.tooLate);
    await sweep(kind.queue);
  });

  test('never holds up a caller: an account that is locked is passed over', async () => {
    const { account, pass, read } = await kind.open();
    await pass();
    const caller = await holdAccountLock(service.database, account);
    try {
      expect(await sweep(kind.queue)).toBe(0);
    } finally {
      await caller.release();
    }
    expect(await sweep(kind.queue)).toBe(1);
    expect((await read()).body.status).toBe('expired');
  });

  test('is swept beside others in bounded batches, by workers that meet', async () => {
    const scenes = await startTogether(25, kind.open);
    for (const { pass } of scenes) await pass();
    while ((await startTogether(3, () => sweep(kind.queue))).some((swept) => swept > 0));
    for (const { account } of scenes) {
      expect((await toldOf(account)).filter(({ type }) => type === kind.event)).toHaveLength(1);
    }
  });

  test('is either answered or expires, whichever comes first', async () => {
    // Long enough for an answer in some rounds, and longer in later ones, should the machine be slow.
    const leftMs = [0, 2, 4, 8, 16, 32, 64, 128, 6, 12, 24, 48];
    const seen = new Set<boolean>();
    for (const round of roundsOf(60, seen)) {
      const { account, pass, read, answer } = await kind.open();
      const heard: string[] = [];
      let isOver = false;
      const answering = async () => {
        heard.push(outcomeOf(await answer()));
        isOver ||= heard.includes('200');
      };
      const sweeping = async () => {
        while (!isOver) if ((await sweep(kind.queue)) > 0) isOver = true;
      };
      await pass(leftMs[round % leftMs.length]! * (1 + Math.floor(round / 20)));
      await startTogether(4, (caller) => ((caller + round) % 2 === 0 ? answering() : sweeping()));
      await sweep(kind.queue);
      const told = (await toldOf(account)).filter(({ type }) => [kind.event, kind.inTime].includes(type));
      const isInTime = heard.includes('200');
      expect(told.map(({ type }) => type)).toEqual([isInTime ? kind.inTime : kind.event]);
      expect((await read()).body.status === 'expired').toBe(!isInTime);
      seen.add(isInTime);
    }
    expect(seen.size).toBe(2);
  });
});

describe('an invitation that has expired', () => {
  test('is told of before the one that takes its place, whoever comes first', async () => {
    for (const store of [never, () => sweep(invitationsQueue)]) {
      const { account, subject, pass } = await kinds['an invitation']!.open();
      await pass();
      await store();
      expect((await controlOf(client, account).invite(subject)).body).toMatchObject({ status: 'invited' });
      expect(await sweep(invitationsQueue)).toBe(0);
      const told = (await toldOf(account)).slice(-3);
      expect(told.map(({ type, data }) => [type, data.status])).toEqual([
        ['holder.invited', 'invited'],
        ['holder.invitation_expired', 'expired'],
        ['holder.invited', 'invited'],
      ]);
    }
  });

  test.each([
    ['before it is stored', never],
    ['after', () => sweep(invitationsQueue)],
  ])('is no place on the account for anybody %s', async (_when, store) => {
    const { account, subject, pass } = await kinds['an invitation']!.open();
    const eve = await clientOf(service, subject);
    expect(outcomeOf(await controlOf(eve, account).leave(subject))).toBe('404 holder_not_found');
    await pass();
    await store();
    const control = controlOf(client, account);
    expect(outcomeOf(await control.decline(subject))).toBe('409 invitation_not_open');
    expect(outcomeOf(await control.remove(subject))).toBe('404 holder_not_found');
    expect(outcomeOf(await control.setTerms(subject, { rights: ['view'] }))).toBe('404 holder_not_found');
    expect(outcomeOf(await control.bury(subject))).toBe('404 holder_not_found');
    expect(outcomeOf(await controlOf(eve, account).accept(subject))).toBe('404 account_not_found');
    await sweep(invitationsQueue);
  });

  test.each([
    ['before it is stored', never],
    ['after', () => sweep(invitationsQueue)],
  ])('leaves room for another %s', async (_when, store) => {
    const { account, subject, pass } = await kinds['an invitation']!.open();
    const control = controlOf(client, account);
    // Besides the one who is invited there are 47 others, each a party of its own.
    await service.database.raw(
      `with guests as (
         insert into parties
         select (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid()))).*
         from parties p, generate_series(1, 47) where id = ?
         returning id)
       insert into holders
       select (jsonb_populate_record(h, jsonb_build_object('party_id', guests.id))).*
       from holders h, guests where account_id = ? and party_id = ?`,
      [subject, account, subject],
    );
    const invite = async (name: string) =>
      control.invite(await client.createParty(name), { rights: ['view', 'delegate'] });
    expect((await invite('The fiftieth')).status).toBe(201);
    const last = () => invite('One more');
    expect(outcomeOf(await last())).toBe('409 too_many_holders');
    await pass();
    await store();
    expect((await last()).status).toBe(201);
    await sweep(invitationsQueue);
  });
});

test.each([
  ['before they are stored', never],
  ['after', () => sweep(accountChangesQueue)],
])('changes that have expired leave room for others %s', async (_when, store) => {
  const { id, party } = await openJointAccount(client, { ann: {}, bob: {} }, { mandate: () => ({ rule: 'all' }) });
  const ask = () => controlOf(client, id).setMandate({ rule: 'any' }, party.ann);
  expect((await ask()).status).toBe(202);
  await service.database.raw(
    `insert into account_changes
     select (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid()))).*
     from account_changes c, generate_series(1, 98) where account_id = ?`,
    [id],
  );
  // Each with the hash of its own terms.
  for (const row of await service.database('account_changes').where('account_id', id)) {
    const copied = service.database('account_changes').where({ ledger_id: row.ledger_id, id: row.id });
    await copied.update({ instruction_hash: changeHash(asChange(row)) });
  }
  expect((await ask()).status).toBe(202);
  expect(outcomeOf(await ask())).toBe('409 too_many_changes');
  const [change] = (await client.get(`/v1/accounts/${id}/changes`)).body.data;
  await endsIn('account_changes', { id: change.id });
  await store();
  expect((await ask()).status).toBe(202);
  expect(outcomeOf(await ask())).toBe('409 too_many_changes');
  await sweep(accountChangesQueue);
});

describe('a project', () => {
  test('may say when it ends, which must not have passed', async () => {
    const { account } = await openScene(client);
    const path = `/v1/accounts/${account}/projects`;
    const expiresAt = tomorrow();
    const opened = await client.post(path, { name: 'Roof', expiresAt });
    expect(opened.body).toMatchObject({ status: 'open', expiresAt, finishedAt: null });
    expect((await client.get(`/v1/projects/${opened.body.id}`)).body).toEqual(opened.body);
    for (const wrong of ['2026-01-01T00:00:00Z', 'soon']) {
      const refused = await client.post(path, { name: 'Roof', expiresAt: wrong });
      expect([refused.body.code, refused.body.errors[0].path]).toEqual(['validation_failed', 'expiresAt']);
    }
    await client.post(`/v1/projects/${opened.body.id}/close`);
    await endsIn('projects', { id: opened.body.id });
    expect(await sweep(projectsQueue)).toBe(0);
    expect((await client.get(`/v1/projects/${opened.body.id}`)).body.status).toBe('closed');
  });

  test.each([
    ['before it is stored', never],
    ['after', () => sweep(projectsQueue)],
  ])('that has expired takes nothing any more, and its proposals are rejected, %s', async (_when, store) => {
    const { account, holders, project: open } = await openScene(client);
    const project = await openProject(client, account, { expiresAt: tomorrow() });
    const [pending, withdrawn] = [await propose(client, project), await propose(client, project)];
    expect((await client.post(`/v1/proposals/${withdrawn}/withdraw`)).status).toBe(200);
    await endsIn('projects', { id: project });
    await store();

    const offer = { title: 'Late', amount: '1.00', currency: 'USD' };
    for (const late of [
      await client.post(`/v1/projects/${project}/proposals`, offer),
      await accept(client, pending, holders[0]),
      await client.post(`/v1/projects/${project}/close`),
    ]) {
      expect(late.body).toMatchObject({ status: 409, code: 'project_not_open', projectId: project, state: 'expired' });
    }
    expect((await client.post(`/v1/proposals/${pending}/withdraw`)).body).toMatchObject({
      ...{ status: 409, code: 'proposal_not_pending', state: 'rejected' },
    });
    const { finishedAt, expiresAt } = (await client.get(`/v1/projects/${project}`)).body;
    expect(finishedAt).toBe(expiresAt);
    const idsOf = async (path: string) => (await client.get(path)).body.data.map(({ id }: { id: string }) => id);
    expect(await idsOf(`/v1/accounts/${account}/projects?status=open`)).toEqual([open]);
    expect(await idsOf(`/v1/accounts/${account}/projects?status=expired`)).toEqual([project]);
    expect(await idsOf(`/v1/projects/${project}/proposals?status=pending`)).toEqual([]);
    expect(await idsOf(`/v1/projects/${project}/proposals?status=rejected`)).toEqual([pending]);
    expect((await client.get(`/v1/proposals/${pending}`)).body).toMatchObject({ status: 'rejected', finishedAt });

    await sweep(projectsQueue);
    const told = (await toldOf(account)).slice(-2);
    expect(told.map(({ type, subject }) => [type, subject])).toEqual([
      ['project.expired', project],
      ['proposal.rejected', pending],
    ]);
    expect(told[1]!.data).toEqual((await client.get(`/v1/proposals/${pending}`)).body);
  });

  test('can be assigned by nobody after its end: the database refuses it', async () => {
    const { account } = await openScene(client);
    const project = await openProject(client, account, { expiresAt: tomorrow() });
    await endsIn('projects', { id: project });
    const assign = service
      .database('projects')
      .where({ id: project })
      .update({ status: 'assigned', finished_at: service.database.fn.now() });
    await expect(assign).rejects.toThrow('projects_assigned_in_time');
    await sweep(projectsQueue);
  });

  test('goes by its end also behind more than a thousand of an account that was given up', async () => {
    const { database, ledgerId } = service;
    const open = async (ms: number) => {
      const { account } = await openScene(client);
      const project = await openProject(client, account, { expiresAt: tomorrow() });
      await endsIn('projects', { id: project }, ms);
      return { account, project };
    };
    const stuck = await open(-120_000);
    const row = "jsonb_build_object('id', gen_random_uuid())";
    const copies = `insert into projects select (jsonb_populate_record(p, ${row})).* from projects p, generate_series(1, 1100) where id = ?`;
    await database.raw(copies, [stuck.project]);
    const item = { ledger_id: ledgerId, queue: 'projects', item_id: stuck.account };
    const [now, error] = [database.fn.now(), 'a bug'];
    await database('failed_work').insert({ ...item, attempts: 12, error, first_failed_at: now, last_failed_at: now });
    const behind = await open(-60_000);
    expect(await sweep(projectsQueue)).toBe(1);
    expect((await toldOf(behind.account)).at(-1)).toMatchObject({ type: 'project.expired', subject: behind.project });
    await database('failed_work').where(item).delete();
    await database('projects').where('account_id', stuck.account).whereNot('id', stuck.project).delete();
    expect(await sweep(projectsQueue)).toBe(1);
    expect((await toldOf(stuck.account)).at(-1)).toMatchObject({ type: 'project.expired', subject: stuck.project });
  });

  test('goes by its end also on an account that was closed meanwhile', async () => {
    const { account } = await openScene(client, { balance: '0.00' });
    const project = await openProject(client, account, { expiresAt: tomorrow() });
    expect((await client.post(`/v1/accounts/${account}/close`)).status).toBe(200);
    await endsIn('projects', { id: project });
    expect(await sweep(projectsQueue)).toBe(1);
    expect((await toldOf(account)).at(-1)).toMatchObject({ type: 'project.expired', subject: project });
  });
});
