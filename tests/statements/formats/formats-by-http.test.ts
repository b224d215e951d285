import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { allFormats, formatNames } from '../../../src/statements/formats/all-formats.ts';
import { sendStatement } from '../../../src/statements/send-statement.ts';
import { openJointAccount } from '../../support/joint-account.ts';
import type { TestClient } from '../../support/test-client.ts';
import { startTestService, type TestService } from '../../support/test-service.ts';

let service: TestService;
let client: TestClient;
let accountId: string;

beforeAll(async () => {
  service = await startTestService();
  client = service.client;
  const opened = await openJointAccount(client, { ann: {}, ben: {} }, { balance: '50.00' });
  accountId = opened.id;
  const body = { amount: '9.90', currency: 'USD', description: 'Müller & <Söhne>', initiatedBy: opened.party.ann };
  expect((await client.post(`/v1/accounts/${accountId}/withdrawals`, body)).status).toBe(201);
});

afterAll(() => service.stop());

const today = () => new Date().toISOString().slice(0, 10);

/** The interim statement of yesterday and today. */
async function ask(query: string, headers: Record<string, string> = {}) {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const path = `/v1/accounts/${accountId}/interim-statement?from=${yesterday}&to=${today()}${query}`;
  const answer = await fetch(service.url + path, {
    headers: { Authorization: `Bearer ${service.apiKey}`, ...headers },
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, text: bytes.toString() };
}

test.each(formatNames)('answers %s, as a file of its name', async (name) => {
  const { status, headers, text } = await ask(`&format=${name}`);
  expect([status, headers.get('Content-Type')]).toEqual([200, allFormats[name].mediaType]);
  expect(headers.get('Content-Disposition')).toMatch(
    new RegExp(`^attachment; filename="interim-statement-${accountId}-.*\\.${allFormats[name].fileExtension}"$`),
  );
  if (name === 'pdf') expect(text).toMatch(/^%PDF-1\.7\n[\s\S]*%%EOF\n$/);
  else expect(text).toMatch(/9[.,]90/);
});

test('takes a version of the format that there is', async () => {
  expect((await ask('&format=camt.053')).text).toContain(':camt.053.001.08"');
  expect((await ask('&format=camt.053&version=13')).text).toContain(':camt.053.001.13"');
  const refused = async (query: string) => {
    const { status, text } = await ask(query);
    const { code, errors } = JSON.parse(text);
    return [status, code, errors[0]];
  };
  const missing = { in: 'query', path: 'version', message: 'must be one of 08, 13' };
  expect(await refused('&format=camt.052&version=12')).toEqual([400, 'validation_failed', missing]);
  const none = { in: 'query', path: 'version', message: 'is not for this format' };
  expect(await refused('&format=csv&version=13')).toEqual([400, 'validation_failed', none]);
  expect((await refused('&format=pdf&language=it'))[2].path).toBe('language');
});

test('writes for people in the language that is asked for, or that they take', async () => {
  const languageOf = async (query: string, accepted?: string) => {
    const { text } = await ask(`&format=pdf${query}`, accepted === undefined ? {} : { 'Accept-Language': accepted });
    return /\/Lang \((\w+)\)/.exec(text)![1];
  };
  expect(await languageOf('')).toBe('en');
  expect(await languageOf('', 'de-AT, en;q=0.5')).toBe('de');
  expect(await languageOf('', 'it, fr;q=0.1')).toBe('fr');
  expect(await languageOf('', 'it')).toBe('en');
  expect(await languageOf('&language=es', 'de')).toBe('es');
});

test('takes formats by their media types', async () => {
  const typeOf = async (accept: string) => (await ask('', { Accept: accept })).headers.get('Content-Type');
  expect(await typeOf('application/pdf')).toBe('application/pdf');
  expect(await typeOf('application/xml')).toBe('application/xml; charset=utf-8');
  expect((await ask('', { Accept: 'application/xml' })).text).toContain('camt.053');
  expect(await typeOf('text/x-mt940;q=0.2, application/x-ofx')).toBe('application/x-ofx; charset=utf-8');
});

test('refuses to write more entries as a PDF than it takes', async () => {
  const [format, limit] = [allFormats.pdf, 5_000];
  const send = (toVersion: number) => {
    const [parts, statement] = [{} as never, { fromVersion: 1, toVersion } as never];
    return sendStatement(parts, statement, { format, fileName: 'x', options: {} });
  };
  await expect(send(limit + 1)).rejects.toMatchObject({
    refusal: { code: 'too_many_entries', facts: { entries: 5_001, limit } },
  });
  await expect(send(limit)).rejects.toThrow(TypeError);
});

test.each(['thanks\n=1+2', 'x\r=1+2', '\n=1', 'a,b', '=1', '"quoted"'])(
  'CSV keeps %j in its cell',
  async (description) => {
    const path = `/v1/accounts/${accountId}/deposits`;
    const paid = await service.client.post(path, { amount: '0.01', currency: 'USD', description, reference: 'cell' });
    expect(paid.status).toBe(201);
    // As those read it to whom any end of a line is one.
    const options = { columns: true as const, record_delimiter: ['\r\n', '\n', '\r'] };
    const rows = parse<Record<string, string>>((await ask('&format=csv')).text, options);
    const row = rows.find(({ transactionId }) => transactionId === paid.body.id)!;
    expect([row.reference, row.description?.replace(/^'/, '')]).toEqual(['cell', description]);
  },
);

test('an interim statement of days that have not begun is refused', async () => {
  const ahead = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
  const path = `/v1/accounts/${accountId}/interim-statement?from=${ahead}&to=${ahead}`;
  const { status, body } = await service.client.get(path);
  expect([status, body.code, body.errors[0].path]).toEqual([400, 'validation_failed', 'from']);
  // To the end of days that are to come it goes as far as the clock.
  const open = await service.client.get(path.replace(ahead, today()));
  expect([open.status, open.body.statement.periodTo < ahead]).toEqual([200, true]);
});
