import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { routes } from '../support/routes.ts';
import { openScene, type Scene } from '../support/shared-scene.ts';
import { startTestService, type TestService } from '../support/test-service.ts';
import { walkPages } from '../support/walk-pages.ts';

let service: TestService;
let scene: Scene;
let endpointId: string;

beforeAll(async () => {
  service = await startTestService();
  scene = await openScene(service.client);
  const endpoints = ['https://one.example.com/', 'https://two.example.com/'];
  for (const url of endpoints) endpointId = (await service.client.post('/v1/webhook-endpoints', { url })).body.id;
});

afterAll(() => service.stop());

const lists = routes.filter(({ method, query }) => method === 'get' && query !== undefined && 'cursor' in query.shape);
/** The log goes one way. */
const isOfLog = ({ path }: { path: string }) => path.startsWith('/v1/events');
const others = lists.filter((list) => !isOfLog(list));

test('every list but the log can be read in either order', () => {
  expect(lists.filter(isOfLog).map(({ path }) => path)).toEqual(['/v1/events', '/v1/events/stream']);
  expect(others.length).toBeGreaterThan(18);
  expect(others.filter(({ query }) => !('order' in query!.shape))).toEqual([]);
});

test.each(others.map(({ path }) => path))('%s reads the same forwards and back, by pages', async (path) => {
  const ids: Record<string, string> = {
    ...{ accountId: scene.account, projectId: scene.projects[0], orderId: scene.standingOrders[0].id, endpointId },
  };
  const filled = path.replaceAll(/:(\w+)/g, (_, name) => ids[name]!);
  const forwards = await walkPages(service.client, `${filled}?order=asc`);
  expect(await walkPages(service.client, `${filled}?order=desc`)).toEqual(forwards.toReversed());
});
