import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { moneyOf } from '../support/payment-orders.ts';
import { type RawAnswer, sendRaw } from '../support/raw-request.ts';
import { leavingTheBooksAlone } from '../support/refusals.ts';
import { forService, type RouteCall, routeCalls } from '../support/route-calls.ts';
import { routes } from '../support/routes.ts';
import { createBoundKey, openScene, type Scene } from '../support/shared-scene.ts';
import type { TestClient } from '../support/test-client.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let client: TestClient;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
});

afterAll(() => service.stop());

async function send(apiKey: string, { route, path, body }: RouteCall, scene: Scene): Promise<RawAnswer> {
  const method = route.split(' ')[0]!;
  const sent = body === undefined ? undefined : JSON.stringify(body(scene));
  return sendRaw(service, { method, path: path(scene), body: sent, headers: { authorization: `Bearer ${apiKey}` } });
}

const outcomeOf = ({ status, body }: RawAnswer) => (body?.code === undefined ? `${status}` : `${status} ${body.code}`);

describe('every route', () => {
  test('is walked here, with every method that it takes', () => {
    const withKey = routes.filter(({ keys }) => keys !== 'none');
    expect(withKey.length).toBeGreaterThan(70);
    const named = withKey.map(({ method, path }) => `${method.toUpperCase()} ${path.slice('/v1'.length)}`);
    expect([...new Set(routeCalls.map(({ route }) => route))].sort()).toEqual(named.sort());
  });

  test('looks at who calls before it looks at anything of the request', async () => {
    const bound = `Bearer ${await createBoundKey(service, await client.createParty('Ann'))}`;
    const callers = { nobody: undefined, unknown: 'Bearer x', bound, service: `Bearer ${service.apiKey}` };
    // All of it is wrong: ids, body, query and headers.
    const wrong = { 'Idempotency-Key': 'a b', prefer: 'wait=x', 'If-Match': 'x' };
    await leavingTheBooksAlone(service, async () => {
      for (const { method, path, keys, query } of routes) {
        const address = `${path.replaceAll(/:\w+/g, 'x')}?surprise=1`;
        const body = method === 'get' ? undefined : '{"surprise":1}';
        const outcomes: string[] = [];
        for (const authorization of Object.values(callers)) {
          const headers = { ...wrong, authorization };
          outcomes.push(
            outcomeOf(await sendRaw(service, { method: method.toUpperCase(), path: address, body, headers })),
          );
        }
        const [unknown, unfit] = ['401 unauthorized', '400 validation_failed'];
        const expected = {
          any: [unknown, unknown, unfit, unfit],
          service: [unknown, unknown, forService, unfit],
          // Probes add what they like to the addresses of operators; the lab's own page does not.
          none: Array(4).fill(query?.safeParse({ surprise: '1' }).success ? '200' : unfit),
        }[keys];
        expect([method, path, ...outcomes]).toEqual([method, path, ...expected]);
      }
    });
  });

  test('keeps from a stranger whatever it does not hold, as though it were not there', async () => {
    const scene = await openScene(client);
    const stranger = await client.createParty('Mallory');
    const key = await createBoundKey(service, stranger);
    // The same scene, if there were nothing.
    const nothing: Scene = JSON.parse(
      JSON.stringify(scene).replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id, at) =>
        id.replace(/.{6}$/, String(at).padStart(6, 'f')),
      ),
    );
    await leavingTheBooksAlone(service, async () => {
      for (const each of routeCalls) {
        const answer = await send(key, each, scene);
        expect([each.route, each.path(scene), outcomeOf(answer)]).toEqual([
          each.route,
          each.path(scene),
          each.stranger,
        ]);
        const empty = await send(key, each, nothing);
        expect([each.route, outcomeOf(empty)]).toEqual([each.route, outcomeOf(answer)]);
        expect([each.route, Object.keys(answer.body), answer.headers.etag]).toEqual([
          each.route,
          Object.keys(empty.body),
          empty.headers.etag,
        ]);
        expect(answer.text).not.toMatch(/7654\d\.|9876\d\.|Joint|roof|Slates/);
        if (answer.status === 200) expect(answer.body.data).toEqual([]);
      }
    });
  });

  test('lets a holder do what is its own, and never learn what others have', async () => {
    const scene = await openScene(client);
    const key = await createBoundKey(service, scene.party.ann);
    for (const each of routeCalls) {
      const answer = await send(key, each, scene);
      expect([each.route, each.path(scene), outcomeOf(answer)]).toEqual([each.route, each.path(scene), each.holder]);
      expect([each.route, answer.text]).toEqual([each.route, expect.not.stringMatching(/987[67]\d\.\d\d/)]);
      const entries = JSON.stringify(answer.body).matchAll(/\{[^{}]*\}/g);
      for (const [entry] of entries) {
        if (entry.includes(scene.foreign.id)) expect(entry).not.toMatch(/balanceAfter|"version"|available/);
      }
    }
    expect((await moneyOf(client, scene.account))[0]).toMatch(/^765\d\d\./);
    expect(await client.balance(scene.foreign.id)).not.toBe('98765.43');
  });

  test('lets a holder name nobody else', async () => {
    const scene = await openScene(client);
    const key = await createBoundKey(service, scene.party.ann);
    const names = ['by', 'initiatedBy'];
    const refused: string[] = [];
    await leavingTheBooksAlone(service, async () => {
      for (const { route, path, body } of routeCalls) {
        const [method] = route.split(' ') as [string];
        if (method === 'GET') continue;
        const given = body?.(scene) ?? {};
        for (const name of names) {
          const named = { ...given, [name]: scene.party.bob };
          // Whatever field is not known there is refused before.
          const sent =
            route === 'POST /batches' && 'items' in given
              ? { ...given, items: (given.items as object[]).map((each) => ({ ...each, [name]: scene.party.bob })) }
              : named;
          const answer = await sendRaw(service, {
            method,
            path: path(scene),
            body: JSON.stringify(sent),
            headers: { authorization: `Bearer ${key}` },
          });
          expect(['validation_failed', 'key_not_allowed', 'account_not_found', 'restriction_not_found']).toContain(
            answer.body.code,
          );
          if (answer.body.code === 'key_not_allowed') refused.push(`${route} ${name}`);
        }
      }
    });
    for (const each of [
      'POST /accounts/:accountId/deposits initiatedBy',
      'POST /accounts/:accountId/withdrawals initiatedBy',
      'POST /transfers initiatedBy',
      'POST /transactions initiatedBy',
      'POST /batches initiatedBy',
      'POST /payment-orders/:orderId/authorisations by',
      'POST /payment-orders/:orderId/cancel by',
      'POST /holds initiatedBy',
      'POST /holds/:holdId/capture by',
      'POST /holds/:holdId/extend by',
      'POST /holds/:holdId/void by',
      'POST /accounts/:accountId/projects by',
      'POST /projects/:projectId/proposals by',
      'POST /projects/:projectId/close by',
      'POST /proposals/:proposalId/accept by',
      'POST /proposals/:proposalId/withdraw by',
      'POST /accounts/:accountId/holders by',
      'PUT /accounts/:accountId/holders/:partyId by',
      'POST /accounts/:accountId/holders/:partyId/remove by',
      'PUT /accounts/:accountId/mandate by',
      'POST /account-changes/:changeId/authorisations by',
      'POST /account-changes/:changeId/cancel by',
      'POST /accounts/:accountId/restrictions by',
      'POST /restrictions/:restrictionId/lift by',
    ]) {
      expect(refused).toContain(each);
    }
  });
});
