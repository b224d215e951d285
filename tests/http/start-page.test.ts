import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPage } from '../../src/http/start-page.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { sendRaw } from '../support/raw-request.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
let service: TestService;
let chromium: TestBrowser;

beforeAll(async () => {
  service = await startTestService();
  chromium = await startBrowser();
});

afterAll(async () => {
  await chromium?.close();
  await service.stop();
});

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each([1280, 375])('says where everything is, without script, and axe finds nothing: %i wide', async (width) => {
    const viewport = { width, height: 800 };
    const context = await chromium.browser.newContext({ colorScheme, viewport, javaScriptEnabled: false });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('request', (request) => request.url() !== `${service.url}/` && problems.push(request.url()));
    await page.goto(service.url);
    expect(await page.locator('h1').textContent()).toBe('joint-ledger');
    expect(await page.locator('pre').textContent()).toContain(`curl -sS ${service.url}/v1/accounts `);
    expect(await page.evaluate("getComputedStyle(document.querySelector('pre')).borderRadius")).toBe('6px');
    expect(problems.filter((text) => !text.startsWith('data:'))).toEqual([]);
    await context.close();

    // The policy of the page keeps axe out.
    const examined = await chromium.browser.newContext({ colorScheme, viewport, bypassCSP: true });
    const again = await examined.newPage();
    await again.goto(service.url);
    await again.addScriptTag({ path: axe });
    const { violations } = await again.evaluate<{ violations: Array<{ id: string }> }>('axe.run()');
    expect(violations.map(({ id }) => id)).toEqual([]);
    expect(await again.evaluate('document.documentElement.scrollWidth')).toBe(width);
    await examined.close();
  });
});

test('what it links to is there, with a slash at the end of pages too', async () => {
  const html = await (await fetch(service.url)).text();
  const links = [...html.matchAll(/<a href="([^"]+)"/g)].map(([, link]) => link!);
  expect(links).toEqual(['/docs', '/openapi.json', '/errors', '/lab']);
  for (const link of [...links, '/docs/', '/lab/']) {
    const answer = await fetch(service.url + link);
    expect([link, answer.status]).toEqual([link, 200]);
  }
});

async function draw(settings: Parameters<typeof startPage>[0], host: string): Promise<string> {
  const reply = await startPage(settings).handle({ host } as never, undefined as never);
  return String('body' in reply && reply.body);
}

test('links no lab that is off, and shows the call of the demo accounts where there are any', async () => {
  const demo = { accountId: '01936f00-0000-7000-8000-000000000101', keyFile: '.data/demo-api-key' };
  const page = await draw({ lab: false, demo }, '127.0.0.1:3000');
  expect(page).not.toContain('/lab');
  expect(page).toContain(`http://127.0.0.1:3000/v1/accounts/${demo.accountId}/deposits`);
  expect(page).toContain("Bearer $(cat '.data/demo-api-key')");
});

test('takes the host that it is called by for text', async () => {
  const { text } = await sendRaw(service, { path: '/', headers: { host: 'a"><script>x</script>' } });
  expect(text).toContain('http://a&quot;&gt;&lt;script&gt;x&lt;/script&gt;/v1/accounts');
  expect(text).not.toContain('<script');
});
