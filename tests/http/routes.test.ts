import { describe, expect, test } from '@jest/globals';
import type { Route } from '../../src/http/route.ts';
import { sharedRefusals } from '../../src/http/shared-refusals.ts';
import { routes } from '../support/routes.ts';

const nameOf = ({ method, path }: Route) => `${method.toUpperCase()} ${path}`;

test('no route stands twice in the list', () => {
  const names = routes.map(nameOf);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

describe.each(routes.map((route) => [nameOf(route), route] as const))('%s', (_name, route) => {
  test('says what it does, and names the parts of its path', () => {
    expect(route.summary).toMatch(/^[A-Z].{5,80}[^.]$/);
    const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
    expect(Object.keys(route.params?.shape ?? {})).toEqual(inPath);
  });

  test('reads without promising anything of operations', () => {
    if (route.method === 'get') expect([route.body, route.offers?.prefer]).toEqual([undefined, undefined]);
    const { prefer, idempotencyKey, ifMatch, dryRun } = route.offers ?? {};
    if (idempotencyKey || ifMatch || dryRun) expect(prefer).toBe(true);
    expect(200 in route.answers || !dryRun).toBe(true);
  });

  test('names each of its refusals once, and none that its kind shares', () => {
    const all = [...sharedRefusals(route), ...(route.refusals ?? [])];
    expect(all.filter((code, index) => all.indexOf(code) !== index)).toEqual([]);
  });

  test('has examples that fit its body', () => {
    for (const example of Object.values(route.examples ?? {})) {
      expect(route.body?.safeParse(example)).toMatchObject({ success: true });
    }
  });
});
