import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseStrict } from 'ofx-js';
import { validateXML } from 'xmllint-wasm';
import { allFormats } from '../../../src/statements/formats/all-formats.ts';
import { oneLine } from '../../../src/statements/formats/fitting-text.ts';
import { clockOf, withOffset } from '../../../src/statements/formats/local-times.ts';
import type { StatementFormat } from '../../../src/statements/statement.ts';
import { manyOrFew } from '../../support/rounds.ts';
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

// What readers from npm make of the formats, which run wherever this does.

const { mt940, ofx, journal, beancount } = allFormats;
const camts: ReadonlyArray<readonly ['camt.053' | 'camt.052', string]> = [
  ['camt.053', '08'],
  ['camt.053', '13'],
  ['camt.052', '08'],
  ['camt.052', '13'],
];

const withTexts: readonly Sample[] = Object.values(nastyTexts).map((text) => ({ ...samples[1]!, text }));
const everySample = [...samples, ...edgeSamples, ...withTexts];

const textOf = async (format: StatementFormat, sample: Sample, options = {}) =>
  (await written(format, sampleStatement(sample), options)).toString();

interface ReadStatement {
  readonly openingBalance: number;
  readonly closingBalance: number;
  readonly transactions: ReadonlyArray<{ readonly amount: number; readonly details: string }>;
}

/** It sums in numbers, and takes two decimals for all there are. */
const { Parser } = createRequire(import.meta.url)('mt940js') as {
  Parser: new () => { parse(text: string): ReadStatement[] };
};

async function checkMt940Totals(sample: Sample) {
  if (['KWD', 'CLF'].includes(sample.currency)) return;
  const text = await textOf(mt940, sample);
  const [read] = new Parser().parse(text) as [ReadStatement];
  const { opening, closing } = sampleStatement(sample);
  const decimals = sample.currency === 'JPY' ? 0 : 2;
  const units = (amount: number) => unitsOf(amount.toFixed(decimals), sample.currency);
  expect([units(read.openingBalance), units(read.closingBalance)]).toEqual([opening, closing]);
  expect(read.transactions.map(({ amount }) => units(amount))).toEqual(sample.amounts);
}

test.each(everySample)('mt940js reads MT940 with its totals: %#', checkMt940Totals);

async function checkMt940Lines(sample: Sample) {
  const text = await textOf(mt940, sample);
  expect(text).toMatch(/^[A-Za-z0-9/\-?:().,'+ \r\n]*$/);
  const rows = text.split('\r\n');
  expect(rows.slice(-2)).toEqual(['-', '']);
  let [notes, entries] = [0, 0];
  for (const row of rows.slice(0, -2)) {
    const [, tag, value] = /^:(\w+):(.*)$/.exec(row) ?? [];
    notes = tag === '86' ? 1 : tag === undefined ? notes + 1 : 0;
    expect(notes).toBeLessThanOrEqual(6);
    if (tag === undefined) expect(row).toMatch(/^[^:-].{0,64}$/);
    if (tag === '86') expect(value!.length).toBeLessThanOrEqual(65);
    if (tag === '20') expect(value).toMatch(/^\w{16}$/);
    if (tag === '25') expect(value!.length).toBeLessThanOrEqual(35);
    if (tag === '28C') expect(value).toMatch(/^\d{5}\/\d{5}$/);
    if (tag === '61') {
      entries++;
      // No slash at an end of the reference, and no two together.
      expect(value).toMatch(/^\d{10}[CD]\d+,\d*N(TRF|MSC)[^/]{1,16}\/\/\w{16}$/);
    }
  }
  expect(entries).toBe(sample.amounts.length);
}

test.each(everySample)('MT940 keeps to its characters, lengths and lines: %#', checkMt940Lines);

test('MT940 spells what it has no letters for', async () => {
  const text = await textOf(mt940, { ...samples[1]!, text: 'Straße Łódź Müller 10 € & Ærø naïve' });
  expect(text).toContain('Strasse Lodz Mueller 10 EUR + AEroe naive');
  // A comma even where no decimals are.
  expect(await textOf(mt940, samples[0]!)).toContain(':60F:C261101JPY100000,\r\n');
});

interface ReadOfx {
  readonly OFX: {
    readonly BANKMSGSRSV1: {
      readonly STMTTRNRS: {
        readonly STMTRS: {
          readonly LEDGERBAL: { readonly BALAMT: string };
          readonly BANKTRANLIST: { readonly STMTTRN?: Array<Record<string, string>> | Record<string, string> };
        };
      };
    };
  };
}

async function checkOfx(sample: Sample) {
  const text = await textOf(ofx, sample);
  const document = (await parseStrict(text)) as unknown as ReadOfx;
  const read = document.OFX.BANKMSGSRSV1.STMTTRNRS.STMTRS;
  const entries: ReadonlyArray<Record<string, string>> = [read.BANKTRANLIST.STMTTRN ?? []].flat();
  expect(entries.map(({ TRNAMT }) => unitsOf(TRNAMT!, sample.currency))).toEqual(sample.amounts);
  expect(unitsOf(read.LEDGERBAL.BALAMT, sample.currency)).toBe(sampleStatement(sample).closing);
  for (const { NAME, MEMO = '', REFNUM = '', DTPOSTED } of entries) {
    expect([Array.from(NAME!).length <= 32, Array.from(MEMO).length <= 255, REFNUM.length <= 32]).toEqual(
      Array(3).fill(true),
    );
    // Midnight would be read as a day without a time.
    expect(DTPOSTED).toMatch(/^\d{8}(?!000000)\d{6}\.\d{3}\[-?\d+\]$/);
  }
}

test.each(everySample)('ofx-js reads OFX with its totals: %#', checkOfx);

test('OFX writes the day of the account, also of what was booked at midnight', async () => {
  const first = async (timeZone: string, periodFrom: string) => {
    const text = await textOf(ofx, { ...samples[1]!, timeZone, periodFrom });
    return /<DTPOSTED>([^<]*)/.exec(text)![1];
  };
  expect(await first('Europe/Madrid', '2026-10-31T23:00:00.000Z')).toBe('20261101010000.000[2]');
  expect(await first('UTC', '2026-11-01T00:00:00.000Z')).toBe('20261101010000.000[1]');
  expect(await first('America/New_York', '2026-11-01T15:00:00.000Z')).toBe('20261101100000.000[-5]');
  // Offsets are whole hours here; the instant stays what it is.
  expect(await first('Asia/Kathmandu', '2026-11-01T06:15:00.000Z')).toBe('20261101111500.000[5]');
});

test.each(camts)('%s in version %s is XML, whatever the texts are', async (name, version) => {
  const namespace = `urn:iso:std:iso:20022:tech:xsd:${name}.001.${version}`;
  for (const sample of everySample) {
    const text = await textOf(allFormats[name], sample, { version });
    const read = await validateXML({
      xml: { fileName: 'statement.xml', contents: text },
      extension: 'schema',
      schema: anything(namespace),
    });
    expect([sample.text, read.errors]).toEqual([sample.text, []]);
    const amounts = text.matchAll(/<NtryRef>\d+<\/NtryRef><Amt Ccy="(\w+)">([\d.]+)<\/Amt><CdtDbtInd>(\w+)/g);
    const units = [...amounts].map(
      ([, currency, amount, side]) => unitsOf(amount!, currency!) * (side === 'DBIT' ? -1n : 1n),
    );
    expect(units).toEqual(sample.amounts);
  }
});

/** A schema that takes any document of the namespace, so that only XML itself is checked. */
const anything = (namespace: string) =>
  `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="${namespace}"><xs:element name="Document"/></xs:schema>`;

async function checkJournal(sample: Sample) {
  const text = await textOf(journal, sample);
  const { currency, amounts } = sample;
  let balance = sample.opening;
  const [, ...entries] = text.split(/\n\n(?=\d{4}-)/).slice(1);
  expect(entries).toHaveLength(amounts.length);
  for (const [index, entry] of entries.entries()) {
    balance += amounts[index]!;
    const [, place, amount, asserted] =
      /\n {4}(assets:\S+(?: \S+)*) {2}(\S+) [A-Z]{3} = (\S+) [A-Z]{3}\n {4}equity:\S+(?: \S+)*\n*$/.exec(entry) ?? [];
    expect([unitsOf(amount!, currency), unitsOf(asserted!, currency)]).toEqual([amounts[index], balance]);
    expect(place).not.toMatch(/[;|[\]]/);
    expect(entry.split('\n')[0]).toMatch(/^\d{4}-\d\d-\d\d \* \(\d+\) [^;|[\]]+$/);
  }
}

test.each(everySample)(
  'the journal writes each entry with its balance, and no comment where none is meant: %#',
  checkJournal,
);

async function checkBeancount(sample: Sample) {
  const text = await textOf(beancount, sample);
  const opened = [...text.matchAll(/^1900-01-01 open (\S+) [A-Z]{3}$/gm)].map(([, name]) => name!);
  expect(opened).toHaveLength(3);
  for (const name of opened) expect(name).toMatch(/^(Assets|Equity)(:[A-Z0-9][A-Za-z0-9-]*)+$/);
}

test.each(everySample)('Beancount has names that it takes for accounts: %#', checkBeancount);

test('text in quotes comes back out of Beancount', async () => {
  const text = await textOf(beancount, { ...samples[1]!, text: nastyTexts.quotes! });
  expect(text).toContain(String.raw` "\"it's\" 'a' \\ back\\\"slash \" \\"`);
});

test('local time is that of the zone, over changes of the clocks', () => {
  const clock = clockOf('Europe/Madrid');
  const times = [
    '2026-10-25T00:59:59.999Z',
    '2026-10-25T01:00:00.000Z',
    '2026-03-29T00:59:59.000Z',
    '2026-03-29T01:00:00.000Z',
  ];
  expect(times.map((time) => withOffset(clock(time)))).toEqual([
    '2026-10-25T02:59:59.999+02:00',
    '2026-10-25T02:00:00.000+01:00',
    '2026-03-29T01:59:59.000+01:00',
    '2026-03-29T03:00:00.000+02:00',
  ]);
  expect(withOffset(clockOf('America/St_Johns')('2026-12-01T00:00:00.000Z'))).toBe('2026-11-30T20:30:00.000-03:30');
  expect(oneLine(' a\u0085\u2028\tb\u0000 ')).toBe('a b');
});

test('any statement is read as what it is', async () => {
  const checks = [checkMt940Totals, checkMt940Lines, checkOfx, checkJournal, checkBeancount];
  await fc.assert(
    fc.asyncProperty(anySample, async (sample) => {
      for (const check of checks) await check(sample);
    }),
    { numRuns: manyOrFew(150, 30) },
  );
});

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

describe('a hundred thousand entries', () => {
  const amounts = Array.from({ length: 100_000 }, (_, index) => (index % 3 === 0 ? -7n : 5n));
  const names = Object.keys(allFormats).filter((name) => name !== 'pdf') as Array<
    Exclude<keyof typeof allFormats, 'pdf'>
  >;

  test.each(names)('are written as %s while they are read, in memory that does not grow', async (name) => {
    const { document, lines, read } = sampleStatement({ currency: 'EUR', opening: 1_000_000n, amounts });
    let bytes = 0;
    const heap: number[] = [];
    for await (const part of allFormats[name].write(document, lines(), {})) {
      // Before most of the lines are read, there is something to send.
      if (bytes === 0) expect(read.lines).toBeLessThan(1_000);
      bytes += part.length;
      if (read.lines < (heap.length + 1) * 10_000) continue;
      collectGarbage();
      heap.push(process.memoryUsage().heapUsed);
    }
    expect([read.lines, heap.length]).toEqual([amounts.length, 10]);
    const [first, ...later] = heap as [number, ...number[]];
    // It would be nearly all of it to keep what was written.
    expect(Math.max(...later) - first).toBeLessThan(bytes / 4);
  });
});
