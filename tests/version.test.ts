import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runCommandLine } from '../src/cli/joint-ledger.ts';
import { startTestService, type TestService } from './support/test-service.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(() => service.stop());

test('the changelog has a section of this version, the first', () => {
  const sections = [...readFileSync('CHANGELOG.md', 'utf8').matchAll(/^## (\S+?),/gm)].map(([, name]) => name);
  expect(sections[0]).toBe(version);
});

test('the command line, the metrics and the description say it', async () => {
  let printed = '';
  const terminal = { print: (text: string) => (printed += text), complain: () => {} };
  await runCommandLine(['--version'], terminal as unknown as Parameters<typeof runCommandLine>[1]);
  expect(printed.trim()).toBe(version);
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toContain(`joint_ledger_build_info{version="${version}",node="${process.versions.node}"} 1`);
  const description = await (await fetch(`${service.url}/openapi.json`)).json();
  expect((description as { info: { version: string } }).info.version).toBe(version);
});
