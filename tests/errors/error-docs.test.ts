import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ErrorCode, errorTitles } from '../../src/errors/error-catalogue.ts';
import { describeRetry, errorRetries } from '../../src/errors/error-retries.ts';
import { problemStatus } from '../../src/http/problem-status.ts';
import { sendRaw } from '../support/raw-request.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

const codes = Object.keys(errorTitles).sort() as ErrorCode[];
/** The text of each section of docs/errors.md that explains a code, by its heading. */
const sections = new Map<string, string>();
let page: string;
let service: TestService;

beforeAll(async () => {
  page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const explained = page.slice(page.indexOf('\n## Codes\n')).split(/^### /m).slice(1);
  for (const section of explained) {
    const end = section.indexOf('\n');
    expect(sections.has(section.slice(0, end))).toBe(false);
    sections.set(section.slice(0, end), section.slice(end).trim());
  }
  service = await startTestService();
});

afterAll(() => service.stop());

test('explains every code of the catalogue, and no other', () => {
  expect([...sections.keys()].sort()).toEqual(codes);
});

test.each(codes)('gives the status that %s is answered with, and an explanation', (code) => {
  const [facts, ...explanation] = sections.get(code)!.split('\n\n');
  expect(/^Status (\d{3})(?= ·|, with|$)/.exec(facts!)?.[1]).toBe(String(problemStatus[code]));
  expect(explanation.join(' ').length).toBeGreaterThan(60);
});

test('links only to codes that it explains', () => {
  const linked = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!);
  expect(linked.length).toBeGreaterThan(20);
  expect(linked.filter((anchor) => !sections.has(anchor))).toEqual([]);
});

test('says of each code that a request may wait for that it comes with Retry-After', () => {
  const announced = [...sections].filter(([, text]) => /^Status.*Retry-After/.test(text)).map(([code]) => code);
  const waiting = [
    'account_locked',
    'booked_in_the_future',
    'clock_unreliable',
    'database_unavailable',
    'idempotency_in_progress',
    'lab_busy',
    'ledger_busy',
    'not_ready',
    'outcome_unknown',
    'token_keys_unavailable',
    'too_many_requests',
    'too_many_streams',
  ];
  expect(announced.sort()).toEqual(waiting);
});

test('says of each code after which trying again can help what to send, and after what', () => {
  const table = page.slice(page.indexOf('\n## Trying again\n'), page.indexOf('\n## Codes\n'));
  const rows = [...table.matchAll(/^\| \[`(\w+)`\]\(#\w+\) \| (same|new) \| (.+) \|$/gm)];
  const documented = Object.fromEntries(rows.map(([, code, request, after]) => [code, { request, after }]));
  expect(documented).toEqual(errorRetries);
});

test('points the type of a problem document at a part of a page that exists', async () => {
  const problem = await sendRaw(service, { path: '/v1/nothing' });
  const [path, fragment] = problem.body.type.split('#');
  const list = await sendRaw(service, { path, headers: { authorization: undefined } });
  expect([list.status, list.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  const anchors = [...list.text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(anchors).toContain(fragment);
  expect(anchors.sort()).toEqual(codes);
  for (const code of codes)
    expect(list.text).toContain(
      `${code} (${problemStatus[code]})</dt><dd>${errorTitles[code]}. ${describeRetry(code)}</dd>`,
    );
});
