import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { allFormats } from '../../../src/statements/formats/all-formats.ts';
import { localNumbers } from '../../../src/statements/formats/local-numbers.ts';
import { inDirections, printable } from '../../../src/statements/formats/printable-text.ts';
import { statementWords } from '../../../src/statements/formats/statement-words.ts';
import { wrapText } from '../../../src/statements/formats/wrap-text.ts';
import { statementLanguages } from '../../../src/statements/statement.ts';
import { isThere, outcomeOf } from '../../support/check-api/foreign-tools.ts';
import { edgeSamples, nastyTexts, type Sample, sampleStatement, samples, written } from './sample-statement.ts';

const { pdf } = allFormats;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'statement-pdf-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface ReadPdf {
  readonly rows: ReadonlyArray<{ readonly isHeading: boolean; readonly cells: readonly string[] }>;
  readonly paragraphs: readonly string[];
  readonly pages: readonly string[];
  readonly info: { readonly Language: string; readonly Title: string };
  readonly markInfo: { readonly Marked: boolean };
  readonly attachments: ReadonlyArray<{ readonly filename: string; readonly text: string }>;
}

/** What pdf.js makes of it. */
async function readPdf(bytes: Uint8Array): Promise<ReadPdf> {
  const file = path.join(folder, 'read.pdf');
  await writeFile(file, bytes);
  const { isOk, text } = await outcomeOf(process.execPath, [path.join(import.meta.dirname, 'read-pdf.mjs'), file]);
  expect([isOk, text]).toEqual([true, expect.stringMatching(/^\{.*\}$/s)]);
  return JSON.parse(text);
}

/** An amount with all its decimals, however a language writes it: in the smallest units. */
const unitsIn = (text: string) => BigInt(text.replaceAll(/[^\d-]/g, ''));

const withTexts: readonly Sample[] = Object.values(nastyTexts).map((text) => ({ ...samples[1]!, text }));
const everySample = [...samples, ...edgeSamples, ...withTexts];

test.each(everySample)('pdf.js reads the totals out of the table: %#', async (sample) => {
  const language = statementLanguages[everySample.indexOf(sample) % 4]!;
  const words = statementWords[language];
  const expected = sampleStatement(sample);
  const { rows, pages, info, markInfo, attachments, ...read } = await readPdf(
    await written(pdf, expected, { language }),
  );
  const paragraphs = read.paragraphs.map((text) => text.trim());
  const entries = rows.filter(({ isHeading, cells }) => !isHeading && cells.length === 4).map(({ cells }) => cells);
  const texts = entries.map((cells) => cells.map((text) => text.trim()));
  const [first, ...rest] = texts as unknown as [readonly string[], ...Array<readonly string[]>];
  const last = rest.pop()!;
  expect([first[1], unitsIn(first[3]!)]).toEqual([words.opening, expected.opening]);
  expect([last[1], unitsIn(last[3]!)]).toEqual([words.closing, expected.closing]);
  if (sample.amounts.length === 0) expect(rest.map((cells) => cells[1])).toEqual([words.nothingBooked]);
  else expect(rest.map((cells) => unitsIn(cells[2]!))).toEqual(sample.amounts);
  let balance = expected.opening;
  for (const [index, amount] of sample.amounts.entries()) {
    balance += amount;
    expect(unitsIn(rest[index]![3]!)).toBe(balance);
  }
  for (const [index, page] of pages.entries()) {
    expect(page).toContain(words.page(String(index + 1), String(pages.length)));
  }
  const isCarried = pages.map((page) => page.includes(words.carriedForward));
  expect(pages.map((page) => page.includes(words.broughtForward))).toEqual([false, ...isCarried.slice(0, -1)]);
  // The table goes on over all pages, but the last one may have the shares alone.
  expect(isCarried.slice(0, -2)).not.toContain(false);
  // The heading stands in the structure once, and what is carried forward not at all.
  expect(rows.filter(({ isHeading, cells }) => isHeading && cells.length === 4)).toHaveLength(1);
  const isInterim = sample.number === null;
  expect(paragraphs[0]).toBe(isInterim ? words.interimTitle : `${words.title} ${sample.number ?? 11}`);
  expect([info.Language, info.Title, markInfo.Marked]).toEqual([language, paragraphs[0], true]);
  const camt = allFormats[isInterim ? 'camt.052' : 'camt.053'];
  const attached = (await written(camt, expected)).toString();
  expect(attachments).toEqual([{ filename: isInterim ? 'camt.052.xml' : 'camt.053.xml', text: attached }]);
});

test('says who initiated, who signed, and who moved how much', async () => {
  const sample = sampleStatement(samples[1]!);
  const { holders, statement } = sample.document;
  const share = { credits: { count: 2, sum: '1234.50' }, debits: { count: 0, sum: '0.00' } };
  const by = [
    { partyId: holders[0]!.id, ...share },
    { partyId: null, ...share },
  ];
  const document = { ...sample.document, statement: { ...statement, by } };
  const { rows, paragraphs } = await readPdf(await written(pdf, { ...sample, document }));
  expect(rows.find(({ cells }) => cells[1]?.includes('By: Erin Earner'))?.cells[1]).toContain(
    'Signed by: Erin Earner, Sam Spender',
  );
  expect(rows.filter(({ cells }) => cells.length === 3).map(({ cells }) => cells.map((text) => text.trim()))).toEqual([
    ['Who moved how much', 'Money in EUR', 'Money out EUR'],
    ['Erin Earner', '1,234.50 (2)', '0.00 (0)'],
    ['The service', '1,234.50 (2)', '0.00 (0)'],
    ['Others', '7,022.50 (27)', '37,803.73 (13)'],
  ]);
  expect(paragraphs.map((text) => text.replaceAll(/\s+/g, ' ').trim())).toContain(
    'Period Nov 1, 2026 – Nov 30, 2026 (Europe/Madrid)',
  );
});

test('amounts are written from text, with all the digits that there can be', () => {
  const digits = '123456789012345678.9012';
  expect(localNumbers('en', 4).amount(digits)).toBe('123,456,789,012,345,678.9012');
  expect(localNumbers('de', 4).amount(`-${digits}`)).toBe('-123.456.789.012.345.678,9012');
  expect(localNumbers('fr', 2).amount('1234.50')).toBe('1\u202f234,50');
  expect(localNumbers('es', 0).amount('12345')).toBe('12.345');
  expect(localNumbers('en', 2).amount('-0.00')).toBe('0.00');
});

test('what the font has not becomes one character, and what is read from the right is kept together', () => {
  expect(printable('a👩‍👩‍👧‍👦b\u200d🇪🇸 中文', 'plain')).toBe('a\uFFFDb\uFFFD \uFFFD\uFFFD');
  expect(printable('Łódź Ελλάδα Россия naïve €', 'bold')).toBe('Łódź Ελλάδα Россия naïve €');
  expect(inDirections('ACME שלום עולם · x')).toEqual(['ACME ', 'שלום\u00a0עולם', ' · x']);
  expect(wrapText('aa bbbbbbb c', 3, (text) => text.length)).toEqual(['aa', 'bbb', 'bbb', 'b c']);
});

test('is a PDF/A-3a by what can be seen from outside', async () => {
  for (const sample of [samples[1]!, edgeSamples[0]!]) {
    const text = (await written(pdf, sampleStatement(sample))).toString('latin1');
    expect(text).toMatch(/^%PDF-1\.7\n%[\x80-\xff]{4}/);
    expect(text).toMatch(/<pdfaid:part>3<\/pdfaid:part>\s*<pdfaid:conformance>A<\/pdfaid:conformance>/);
    expect(text).toMatch(/\/OutputIntents \[/);
    expect(text).toMatch(/\/AFRelationship \/Alternative/);
    expect(text).toMatch(/\/AF \[/);
    expect(text).not.toMatch(/\/Encrypt\b|\/JavaScript\b|\/Launch\b/);
    const count = (pattern: RegExp) => [...text.matchAll(pattern)].length;
    // Each font is embedded, and says which letters its glyphs are.
    expect(count(/\/Type \/FontDescriptor/g)).toBe(2);
    expect(count(/\/FontFile2 /g)).toBe(2);
    expect(count(/\/ToUnicode /g)).toBe(2);
  }
  expect(await written(pdf, sampleStatement(samples[0]!))).toEqual(await written(pdf, sampleStatement(samples[0]!)));
});

test('veraPDF finds nothing wrong', async () => {
  if (!(await isThere('verapdf', ['--version']))) {
    process.stdout.write('verapdf is not here, and checks no PDF/A: it is a program in Java, from verapdf.org.\n');
    return;
  }
  for (const [index, sample] of everySample.entries()) {
    const file = path.join(folder, `${index}.pdf`);
    await writeFile(file, await written(pdf, sampleStatement(sample)));
    const { text } = await outcomeOf('verapdf', ['--flavour', '3a', '--format', 'text', file]);
    expect(text).toMatch(/^PASS /m);
  }
});

test('a statement of as many entries as it takes is sent in parts, and lets others have their turn', async () => {
  const amounts = Array.from({ length: pdf.maxLines! }, (_, index) => (index % 3 === 0 ? -7n : 5n));
  const { document, lines } = sampleStatement({ currency: 'EUR', opening: 1_000_000n, amounts });
  let [turns, parts, whole] = [0, 0, 0];
  const timer = setInterval(() => turns++, 1);
  for await (const part of pdf.write(document, lines(), {})) {
    parts++;
    whole += part.length;
  }
  clearInterval(timer);
  expect(turns).toBeGreaterThan(100);
  expect(parts).toBeGreaterThan(100);
  expect(whole).toBeLessThan(1_500 * amounts.length);
});

test('leaves no trace of one document in the next', async () => {
  const inText = (text: string) => written(pdf, sampleStatement({ ...samples[1]!, text }), { language: 'en' });
  const before = await inText('plain');
  // Letters with a mark, whose glyphs are made of those that come without one afterwards.
  await inText('Ά Ώ Й Ў ﬁ');
  const { rows } = await readPdf(await inText('Α Ω И У fi'));
  expect(JSON.stringify(rows)).toContain('Α Ω И У fi');
  expect((await inText('plain')).equals(before)).toBe(true);
});
