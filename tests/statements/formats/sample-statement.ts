import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { currencyExponent } from '../../../src/money/currencies.ts';
import { statementHash } from '../../../src/statements/seal-statement.ts';
import type {
  FormatOptions,
  StatementDocument,
  StatementFormat,
  StatementLine,
} from '../../../src/statements/statement.ts';

/** What statements are made of here: in the smallest units of the currency. */
export interface Sample {
  readonly currency: string;
  readonly opening: bigint;
  readonly amounts: readonly bigint[];
  /** Stands in every text there is. */
  readonly text?: string;
  readonly timeZone?: string;
  /** Null for an interim statement. */
  readonly number?: number | null;
  readonly periodFrom?: string;
}

/** Decimal text of so many of the smallest units. */
export function decimalOf(units: bigint, currency: string): string {
  const exponent = currencyExponent(currency);
  const digits = String(units < 0n ? -units : units).padStart(exponent + 1, '0');
  const [whole, decimals] = [digits.slice(0, digits.length - exponent), digits.slice(digits.length - exponent)];
  return `${units < 0n ? '-' : ''}${whole}${exponent === 0 ? '' : `.${decimals}`}`;
}

/** The smallest units of decimal text; what has other decimals than the currency throws. */
export function unitsOf(text: string, currency: string): bigint {
  const exponent = currencyExponent(currency);
  const [, sign, whole, decimals = ''] = /^([+-]?)(\d+)(?:[.,](\d*))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) throw new Error(`${text} is no amount`);
  // Readers may leave zeros at the end away, or add some.
  if (/[1-9]/.test(decimals.slice(exponent))) throw new Error(`${text} has more decimals than ${currency}`);
  const units = BigInt(whole + decimals.slice(0, exponent).padEnd(exponent, '0'));
  return sign === '-' ? -units : units;
}

const idOf = (number: number) => `01936f00-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;

const sum = (amounts: readonly bigint[]) => amounts.reduce((all, amount) => all + amount, 0n);

/** The beginnings and ends of what is moved, so that a reader has something to get wrong. */
export function sampleStatement(sample: Sample) {
  const { currency, opening, amounts, text, timeZone = 'Europe/Madrid', number = 11 } = sample;
  const { periodFrom = '2026-10-31T23:00:00.000Z' } = sample;
  const amountOf = (units: bigint) => decimalOf(units, currency);
  const credits = amounts.filter((amount) => amount > 0n);
  const debits = amounts.filter((amount) => amount < 0n);
  const [fromVersion, accountId] = [8, '01936f00-0000-7000-8000-0000000a0101'];
  const moved = {
    credits: { count: credits.length, sum: amountOf(sum(credits)) },
    debits: { count: debits.length, sum: amountOf(-sum(debits)) },
  };
  const head = {
    ...{ id: '01936f00-0000-7000-8000-00000005a0aa', number, accountId, currency, timeZone, periodFrom },
    ...{ periodTo: new Date(Date.parse(periodFrom) + 30 * 86_400_000).toISOString() },
    ...{ fromVersion, toVersion: fromVersion - 1 + amounts.length },
    ...{ opening: amountOf(opening), closing: amountOf(opening + sum(amounts)), ...moved },
    ...{ by: [], others: moved, issuedAt: '2026-12-01T00:00:05.000Z' },
  };
  const document: StatementDocument = {
    statement: { ...head, hash: statementHash(head) },
    account: { name: text ?? 'Household', externalId: null },
    holders: [
      { id: idOf(1), name: text ?? 'Erin Earner' },
      { id: idOf(2), name: null },
    ],
  };
  const read = { lines: 0 };
  async function* lines(): AsyncGenerator<StatementLine> {
    let balance = opening;
    for (const [index, amount] of amounts.entries()) {
      balance += amount;
      // As pages of entries come from the database.
      if (read.lines % 500 === 0) await setImmediate();
      read.lines++;
      yield lineOf(index, { sample, amount: amountOf(amount), balanceAfter: amountOf(balance), periodFrom });
    }
  }
  return { document, lines, read, opening, closing: opening + sum(amounts) };
}

interface Place {
  readonly sample: Sample;
  readonly amount: string;
  readonly balanceAfter: string;
  readonly periodFrom: string;
}

/** The first one is booked as the period begins, at midnight where the account is. */
function lineOf(index: number, { sample, amount, balanceAfter, periodFrom }: Place): StatementLine {
  const { text, amounts } = sample;
  const span = Math.floor((index / amounts.length) * 30 * 86_400_000);
  const bookedAt = new Date(Date.parse(periodFrom) + span).toISOString();
  const party = (id: number, name: string) => ({ id: idOf(id), name: text ?? name });
  return {
    ...{ transactionId: idOf(1_000 + index), version: 8 + index, amount, balanceAfter, bookedAt },
    ...{
      valueDate: bookedAt.slice(0, 10),
      type: index % 7 === 3 ? 'transfer' : amount.startsWith('-') ? 'withdrawal' : 'deposit',
    },
    description: text ?? (index % 5 === 0 ? null : 'Müller & Söhne: rent'),
    reference: text ?? (index % 2 === 0 ? null : `2026/${index}`),
    externalId: text ?? null,
    initiatedBy: index % 3 === 0 ? null : party(1, 'Erin Earner'),
    signedBy: index % 4 === 0 ? [] : [party(1, 'Erin Earner'), party(2, 'Sam Spender')],
    counterparty: index % 3 === 1 ? null : { accountId: idOf(77), name: text ?? 'ACME GmbH' },
    metadata: null,
  };
}

/** All that a format writes. */
export async function written(
  format: StatementFormat,
  { document, lines }: ReturnType<typeof sampleStatement>,
  options: FormatOptions = {},
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of format.write(document, lines(), options)) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** One currency of each number of decimals, with amounts of both signs, zero and all the digits that there can be. */
export const samples: readonly Sample[] = ['JPY', 'EUR', 'KWD', 'CLF'].map((currency) => ({
  currency,
  opening: 100_000n,
  amounts: Array.from({ length: 40 }, (_, index) =>
    index % 3 === 2 ? -105_010n * BigInt(index % 7) - 1n : 25_990n + BigInt(index),
  ),
}));

/** Nothing booked, below zero, and a whole life. */
export const edgeSamples: readonly Sample[] = [
  { currency: 'EUR', opening: 0n, amounts: [], number: 1 },
  { currency: 'EUR', opening: -5n, amounts: [], number: null },
  { currency: 'KWD', opening: -5n, amounts: [5n, -1n, 1n], number: null },
  {
    currency: 'JPY',
    opening: 0n,
    amounts: [1n],
    number: 123_456,
    timeZone: 'UTC',
    periodFrom: '2026-11-01T00:00:00.000Z',
  },
  {
    currency: 'EUR',
    opening: 0n,
    amounts: [1_234_567_890_123n],
    timeZone: 'Asia/Kathmandu',
    periodFrom: '2026-10-31T18:15:00.000Z',
  },
];

/** Texts that break formats, some of which only older books can hold. */
export const nastyTexts: Readonly<Record<string, string>> = {
  'control characters': 'a\u0001b\u0007c\u001bd\u0085e\ufffef',
  'ends of elements': '</x></Nm></Ustrd></Document> ]]> <![CDATA[ & &amp; <!-- -->',
  'right-to-left text': 'שלום עולם مرحبا بالعالم',
  emoji: '👩‍👩‍👧‍👦 🌍 🇪🇸 naïve ∑',
  quotes: `"it's" 'a' \\ back\\"slash " \\`,
  newlines: 'first\r\nsecond\n:61:evil\n-\n- third\n\n  2026-01-01 * "x"\n    a  1 EUR\r',
  'a journal': '; comment  ; [2026/13/45] date:2026-99-99 (x) [x] :tag: a::b | * ! = @ {} %',
  'two spaces': 'a  b   c\td',
  'a long one': 'Ä😀'.repeat(250),
  'as wide as can be': '\ufdfd'.repeat(200),
  'no letters': '🌍🌍',
  spaces: '   ',
  slashes: '//16//x/',
  'a code of a bank': '166?00Wire?20EREF+1',
  Greek: 'Ελλάδα Россия Łódź Ærø ß',
};

const digits = 9_999_999_999_999n;

/** Any statement, over changes of the clocks and leap days, with any text that the database can hold. */
export const anySample: fc.Arbitrary<Sample> = fc.record({
  currency: fc.constantFrom('JPY', 'EUR', 'KWD', 'CLF'),
  opening: fc.bigInt({ min: -digits, max: digits }),
  amounts: fc.array(
    fc.bigInt({ min: -digits, max: digits }).filter((units) => units !== 0n),
    { maxLength: 30 },
  ),
  text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
  timeZone: fc.constantFrom('UTC', 'Europe/Madrid', 'America/Havana', 'Australia/Lord_Howe', 'Pacific/Kiritimati'),
  number: fc.option(fc.integer({ min: 1, max: 999_999_999 }), { nil: null }),
  periodFrom: fc.constantFrom('2026-03-08T05:00:00.000Z', '2026-10-31T23:00:00.000Z', '2024-02-10T00:00:00.000Z'),
});
