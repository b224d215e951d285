import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { createLabDatabase, labRemains } from '../support/lab-runs.ts';
import { until } from '../support/lock-witness.ts';
import { projectFolder, type ServerProcess, startServerProcess } from '../support/server-process.ts';
import type { TestDatabase } from '../support/test-database.ts';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
let testDatabase: TestDatabase;
let server: ServerProcess;
let chromium: TestBrowser;
let context: BrowserContext;
let page: Page;
let problems: string[];

beforeAll(async () => {
  testDatabase = await createLabDatabase();
  [server, chromium] = await Promise.all([
    startServerProcess({ DATABASE_URL: testDatabase.url, LAB: 'on' }, ['--role', 'api']),
    startBrowser(),
  ]);
});

afterAll(async () => {
  await chromium?.close();
  await server?.end('SIGTERM');
  await testDatabase.verifyAndDrop();
});

beforeEach(async () => {
  await use({});
});

afterEach(async () => {
  await context.close();
  expect(problems).toEqual([]);
});

/** A window of its own, in which nothing may be blocked or fail. */
async function use(options: Parameters<TestBrowser['browser']['newContext']>[0]): Promise<void> {
  await context?.close();
  context = await chromium.browser.newContext(options);
  context.setDefaultTimeout(240_000);
  page = await context.newPage();
  problems = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
}

interface Asked {
  readonly scenario: string;
  readonly strategies: readonly string[];
  readonly callers?: number;
  readonly rounds?: number;
  readonly thinkMs?: number;
  readonly processes?: number;
}

/** Opens the page with an address that asks for this, and presses the button. */
async function open({ strategies, ...others }: Asked): Promise<void> {
  const asked = Object.entries({ rounds: 2, processes: 1, ...others, strategies: strategies.join(',') });
  const query = new URLSearchParams(asked.map(([name, value]): [string, string] => [name, String(value)]));
  await page.goto(`${server.url}/lab?${query}`);
  await pressStart();
}

/** The button has the focus where a link asks for a run; nothing starts by itself. */
async function pressStart(): Promise<void> {
  await status().filter({ hasText: 'press the button' }).waitFor();
  expect(await page.locator('#live').isVisible()).toBe(false);
  await page.keyboard.press('Enter');
}

const status = () => page.locator('#status');

async function untilDone(): Promise<void> {
  await status().filter({ hasText: /^Done/ }).waitFor();
}

/** The comparison as the page shows it: each strategy's cells by the titles of their columns. */
async function comparison(): Promise<Record<string, Record<string, string>>> {
  const [titles = [], ...rows] = await page
    .locator('#comparison tr')
    .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent!)));
  return Object.fromEntries(
    rows.map((cells) => [cells[0], Object.fromEntries(titles.map((title, at) => [title, cells[at]!]))]),
  );
}

/** Plays rounds until a strategy has gone wrong; an unsafe one does at last. */
async function openUntilWrong(asked: Asked): Promise<void> {
  await until(async () => {
    await open(asked);
    await untilDone();
    return Object.values(await comparison()).some(({ wrong }) => !wrong!.startsWith('0'));
  });
}

describe('the button that ten press at once', () => {
  test('makes ten customers of one name without a cure, and one with forUpdate() or a unique key', async () => {
    await openUntilWrong({
      scenario: 'get-or-create',
      strategies: ['nothing', 'for-update', 'unique-key'],
      ...{ callers: 10, processes: 2 },
    });
    const found = await comparison();
    expect(Number(found.Nothing!.double)).toBeGreaterThan(0);
    for (const [title, cells] of Object.entries(found))
      if (title !== 'Nothing') expect(cells).toMatchObject({ double: '–', wrong: '0 of 2' });
    // Each answer is there with its id.
    const answers = await page.locator('#answers li').allTextContents();
    const ids = (strategy: string) =>
      new Set(answers.flatMap((text) => new RegExp(`^${strategy}, caller \\d+: 200 (\\S+),`).exec(text)?.[1] ?? []));
    expect(ids('nothing').size).toBeGreaterThan(1);
    expect(ids('unique-key').size).toBeLessThanOrEqual(2);
  });

  test('loses money without a cure, draws how in one arrow, and loses none with the lock', async () => {
    await openUntilWrong({ scenario: 'joint-account', strategies: ['nothing', 'for-update'], callers: 10, rounds: 5 });
    const found = await comparison();
    expect(found['forUpdate(), by ascending id']).toMatchObject({ wrong: '0 of 5', lost: '–', made: '–' });
    expect(await page.locator('#picture .lost-update .arrow').count()).toBe(1);
    expect(await page.locator('#picture .lost-update .verdict').textContent()).toMatch(/^100\.00 (lost|made)$/);
    expect(await page.locator('#picture .value.erased').count()).toBeGreaterThan(0);
    await page.locator('#comparison button', { hasText: 'forUpdate' }).click();
    expect(await page.locator('#picture .finding').count()).toBe(0);
    expect(await page.locator('#picture .waiting').count()).toBeGreaterThan(1);
    expect(await page.locator('#source').textContent()).toContain('.forUpdate()');
  });
});

test('draws a deadlock as a loop that ends at 40P01', async () => {
  // The two may miss each other.
  await until(async () => {
    await open({ scenario: 'user-and-profile', strategies: ['for-update-arrival'], callers: 2, rounds: 3 });
    await untilDone();
    return Object.values(await comparison())[0]!['40P01'] !== '–';
  });
  expect(await page.locator('#picture .deadlock .arrow').count()).toBe(2);
  expect(await page.locator('#picture .deadlock .verdict').textContent()).toBe('40P01');
});

test('shows five workers with five tasks, none of whom waits', async () => {
  await open({ scenario: 'five-workers', strategies: ['skip-locked'], callers: 5, rounds: 1 });
  await untilDone();
  const tasks = await page
    .locator('#picture .answer.done')
    .evaluateAll((all) => all.map((each) => each.firstChild!.textContent));
  expect(new Set(tasks).size).toBe(5);
  expect(await page.locator('#picture [data-lane] .waiting').count()).toBe(0);
});

test('ends a run that is cancelled, and leaves nothing of it', async () => {
  await open({ scenario: 'joint-account', strategies: ['for-update'], callers: 20, rounds: 20, thinkMs: 200 });
  await page.locator('#answers li').first().waitFor();
  await page.locator('#cancel').click();
  expect(await status().textContent()).toMatch(/^Cancelled/);
  await until(async () => (await labRemains(testDatabase)).length === 0);
  await open({ scenario: 'joint-account', strategies: ['for-update'], callers: 2 });
  await untilDone();
});

test('says when another run is under way', async () => {
  await open({ scenario: 'joint-account', strategies: ['for-update'], callers: 20, rounds: 20, thinkMs: 200 });
  await page.locator('#answers li').first().waitFor();
  const other = await context.newPage();
  await other.goto(`${server.url}/lab?scenario=joint-account&strategies=nothing`);
  await other.locator('#start').click();
  await other.locator('#status.bad').waitFor();
  expect(await other.locator('#status').textContent()).toMatch(/run/);
  await page.locator('#cancel').click();
  await until(async () => (await labRemains(testDatabase)).length === 0);
});

test('opens a run again from its link', async () => {
  await open({
    scenario: 'write-skew',
    strategies: ['serializable', 'atomic-update'],
    callers: 4,
    rounds: 3,
    thinkMs: 7,
  });
  await untilDone();
  const link = await page.locator('#link').getAttribute('href');
  const titles = Object.keys(await comparison());
  await use({});
  await page.goto(`${server.url}${link}`);
  await pressStart();
  await untilDone();
  expect(Object.keys(await comparison())).toEqual(titles);
  const numbers = await page
    .locator('#numbers input')
    .evaluateAll((all) => all.map((input) => (input as unknown as { value: string }).value));
  expect(numbers).toEqual(['4', '1', '3', '7']);
});

test('gives the result as JSON', async () => {
  await open({ scenario: 'joint-account', strategies: ['atomic-update'], callers: 2, rounds: 1 });
  await untilDone();
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#download').click()]);
  const parts: Buffer[] = [];
  for await (const part of await download.createReadStream()) parts.push(part as Buffer);
  const result = JSON.parse(Buffer.concat(parts).toString());
  expect(result).toMatchObject({ parameters: { scenario: 'joint-account', callers: 2 }, strategies: [{ rounds: 1 }] });
});

test('needs nothing but a keyboard', async () => {
  await page.goto(`${server.url}/lab`);
  await status().filter({ hasText: 'Ready.' }).waitFor();
  await page.keyboard.press('Tab');
  const focused = () => page.evaluate('document.activeElement.id');
  expect(await focused()).toBe('scenario');
  const label = () => page.evaluate("document.activeElement.getAttribute('aria-label')");
  const tabTo = async (id: string) => {
    for (let steps = 0; steps < 60 && (await focused()) !== id; steps++) await page.keyboard.press('Tab');
    expect(await focused()).toBe(id);
  };
  for (const [id, number] of Object.entries({ callers: '2', rounds: '1', thinkMs: '5' })) {
    await tabTo(id);
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type(number);
  }
  await tabTo('start');
  await page.keyboard.press('Enter');
  await untilDone();
  await tabTo('first');
  await page.keyboard.press('Enter');
  await tabTo('forward');
  await page.keyboard.press('Space');
  await tabTo('now');
  await page.keyboard.press('ArrowRight');
  const width = () => page.locator('#until rect').evaluate((rect) => Number(rect.getAttribute('width')));
  const before = await width();
  await page.keyboard.press('ArrowRight');
  expect(await width()).toBeGreaterThan(before);
  for (let steps = 0; steps < 60 && (await label()) !== 'Statements of caller 2, spender withdraws 100.00'; steps++)
    await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect(await page.locator('#statements caption').textContent()).toBe(
    'Statements of caller 2, spender withdraws 100.00',
  );
});

test.each([
  ['scenario=constructor', /no scenario|scenario that there is not/],
  ['scenario=<img src=x onerror=alert(1)>', /scenario that there is not/],
  [
    'scenario=joint-account&strategies=skip-locked,__proto__',
    /strategies that this scenario has not: skip-locked, __proto__/,
  ],
])('says what is wrong with a link, and plays nothing: %s', async (query, told) => {
  await page.goto(`${server.url}/lab?${query}`);
  await page.locator('#status.bad').waitFor();
  expect(await status().textContent()).toMatch(told);
  expect(await page.locator('#live').isVisible()).toBe(false);
});

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each([1280, 375])('axe finds nothing, and nothing is wider than %i', async (width) => {
    // The policy of the page keeps axe out.
    await use({ colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
    await open({ scenario: 'joint-account', strategies: ['nothing', 'for-update'], callers: 4, rounds: 1 });
    await untilDone();
    await page.addScriptTag({ path: axe });
    const found = await page.evaluate<{ violations: Array<{ id: string; nodes: Array<{ html: string }> }> }>(
      'axe.run()',
    );
    const violations = found.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
    expect(violations).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  });
});

test('loads at most 100 kB, all of it from the service', async () => {
  const folder = path.join(projectFolder, 'src/lab/page');
  const bytes = readdirSync(folder).map((file) => statSync(path.join(folder, file)).size);
  expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100_000);
  const hosts = new Set<string>();
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  await page.goto(`${server.url}/lab`);
  await status().filter({ hasText: 'Ready.' }).waitFor();
  expect([...hosts].filter((host) => host !== '' && host !== new URL(server.url).host)).toEqual([]);
});
