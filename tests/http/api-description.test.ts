import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sharedRefusals } from '../../src/http/shared-refusals.ts';
import { readDescription } from '../support/api-description.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { readCallPage, withCallTables } from '../support/call-tables.ts';
import { lintDescription } from '../support/lint-description.ts';
import { routes } from '../support/routes.ts';
import { projectFolder } from '../support/server-process.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const committed = readFileSync(path.join(projectFolder, 'openapi.json'), 'utf8');
// biome-ignore lint/suspicious/noExplicitAny: a document of JSON.
const description: any = JSON.parse(committed);
const described = routes.filter(({ id }) => id !== undefined);

/** The operation of a route. */
const operationOf = ({ path: address, method }: (typeof routes)[number]) =>
  description.paths[address.replaceAll(/:(\w+)/g, '{$1}')][method];

test('openapi.json is what the service answers (npm run api:describe writes it anew)', async () => {
  expect(await readDescription()).toBe(committed);
  const { version } = JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8'));
  expect(description.info.version).toBe(version);
});

test('docs/http-api.md has the calls as they are (npm run api:describe writes them anew)', () => {
  const page = readCallPage();
  expect(withCallTables(page, description)).toBe(page);
  for (const [address, methods] of Object.entries<object>(description.paths)) {
    for (const method of Object.keys(methods)) expect(page).toContain(`| \`${method.toUpperCase()} ${address}\` |`);
  }
});

test('a linter of OpenAPI has nothing to say', async () => {
  expect(await lintDescription()).toBeUndefined();
});

test('every route is an operation of its own, or a page for people', () => {
  expect(described.length).toBeGreaterThan(80);
  const ids = described.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(described.map((route) => operationOf(route).operationId)).toEqual(ids);
  const operations = Object.values<object>(description.paths).flatMap((methods) => Object.values(methods));
  expect(operations).toHaveLength(ids.length);
  for (const { path: address, id } of routes) {
    if (id === undefined) expect(address).toMatch(/^\/$|^\/(lab|docs|errors)\b/);
  }
});

test.each(described.map((route) => [route.id!, route] as const))('%s names its refusals and answers', (_id, route) => {
  const { responses, parameters } = operationOf(route);
  const codes = Object.values<{ $ref?: string }>(responses).flatMap(({ $ref }) =>
    $ref === undefined
      ? []
      : Object.keys(
          description.components.responses[$ref.split('/').at(-1)!].content['application/problem+json'].examples,
        ),
  );
  expect(codes.sort()).toEqual([...new Set([...sharedRefusals(route), ...(route.refusals ?? [])])].sort());
  for (const status of Object.keys(route.answers)) expect(responses[status].description).toMatch(/./);
  const inPath = parameters.filter((parameter: { in?: string }) => parameter.in === 'path');
  expect(inPath.map(({ name }: { name: string }) => `:${name}`)).toEqual(route.path.match(/:\w+/g) ?? []);
});

describe('what zod leaves out by itself', () => {
  const bodyOf = (address: string) =>
    description.paths[address].post.requestBody.content['application/json'].schema.properties;

  test('amounts have a pattern', () => {
    expect(bodyOf('/v1/transfers').amount).toEqual({ $ref: '#/components/schemas/Amount' });
    const { pattern } = description.components.schemas.Amount;
    for (const amount of ['0', '0.10', '12.34', '1000']) expect(amount).toMatch(new RegExp(pattern));
    for (const amount of ['', '-1', '01', '1.', '.5', '1e3', '1,000']) expect(amount).not.toMatch(new RegExp(pattern));
  });

  test('counted lists keep their items', () => {
    expect(bodyOf('/v1/transactions').entries.items.properties.amount).toEqual({
      $ref: '#/components/schemas/SignedAmount',
    });
    const { items } = bodyOf('/v1/batches');
    expect(
      items.items.oneOf.map((item: { properties: { type: { const: string } } }) => item.properties.type.const),
    ).toEqual(expect.arrayContaining(['deposit', 'withdrawal', 'transfer']));
    expect([items.minItems, items.maxItems]).toEqual([1, 1_000]);
  });
});

describe('the page', () => {
  let service: TestService;
  let browser: TestBrowser;

  beforeAll(async () => {
    service = await startTestService();
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await service.stop();
  });

  test('shows every operation, loads nothing from elsewhere, and calls the service', async () => {
    const page = await browser.browser.newPage();
    const problems: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(service.url) && !request.url().startsWith('data:')) problems.push(request.url());
    });
    await page.goto(`${service.url}/docs`);
    await page.waitForSelector('.opblock-tag-section');
    expect(await page.locator('.opblock-tag-section').count()).toBe(description.tags.length);
    const fetched = await page.evaluate(async () => (await fetch('/openapi.json')).json());
    expect(fetched).toEqual(description);
    expect(problems).toEqual([]);
    await page.close();
  });
});
