import type { Statement, StatementDocument, StatementLanguage, StatementLine } from '../statement.ts';
import { clip, labelOf } from './fitting-text.ts';
import { type LocalNumbers, localNumbers } from './local-numbers.ts';
import { type Clock, clockOf } from './local-times.ts';
import { leadingOf, linesOf, page, type Sheet } from './pdf-page.ts';
import type { CellLine, Column, Row, Table } from './place-rows.ts';
import { type StatementWords, statementWords } from './statement-words.ts';

const width = page.width - 2 * page.margin;

const entryColumns: readonly Column[] = [
  { width: 74, align: 'left' },
  { width: width - 74 - 2 * 100, align: 'left' },
  { width: 100, align: 'right' },
  { width: 100, align: 'right' },
];

const shareColumns: readonly Column[] = [
  { width: width - 2 * 130, align: 'left' },
  { width: 130, align: 'right' },
  { width: 130, align: 'right' },
];

/** Above and below what stands in a row. */
export const rowPadding = 3.5;

/** Between a cell and the next one. */
const cellGap = 10;

/** Of the name, the description and the notes of an entry: together they fit a page. */
const mostLines = { strong: 8, normal: 24, note: 16 };

/** More of a list of names would fill a page. */
const maxNames = 300;

/** What the tables are written with. */
export interface Writing {
  readonly sheet: Sheet;
  readonly words: StatementWords;
  readonly numbers: LocalNumbers;
  readonly clock: Clock;
}

/** How a statement is written in a language. */
export function writingOf(sheet: Sheet, { opening, timeZone }: Statement, language: StatementLanguage): Writing {
  const decimals = opening.split('.')[1]?.length ?? 0;
  const words = statementWords[language];
  return { sheet, words, numbers: localNumbers(language, decimals), clock: clockOf(timeZone) };
}

function rowOf(cells: Row['cells']): Row {
  const heights = cells.map((lines) => lines.reduce((sum, { style }) => sum + leadingOf(style), 0));
  return { cells, height: Math.max(...heights) + 2 * rowPadding };
}

const cell = (text: string, style: CellLine['style'] = 'normal'): CellLine[] => [{ text, style }];

/** A row that says a balance. */
const balanceRow = (text: string, balance: string) => rowOf([[], cell(text, 'strong'), [], cell(balance, 'strong')]);

/** A row that leaves this balance to the next page. */
function carrying(row: Row, balance: string, { carriedForward, broughtForward }: StatementWords): Row {
  return { ...row, carried: [balanceRow(carriedForward, balance), balanceRow(broughtForward, balance)] };
}

/** All entries between the two balances, with the balance after each. */
export function entryTable(
  { opening, closing, currency }: Statement,
  entries: readonly Row[],
  writing: Writing,
): Table {
  const { words, numbers } = writing;
  const heading = [words.date, words.details, `${words.amount} ${currency}`, `${words.balance} ${currency}`];
  const none = entries.length > 0 ? [] : [rowOf([[], cell(words.nothingBooked), [], []])];
  return {
    columns: entryColumns,
    heading: rowOf(heading.map((text) => cell(text, 'strong'))),
    rows: [
      carrying(balanceRow(words.opening, numbers.amount(opening)), numbers.amount(opening), words),
      ...none,
      ...entries,
      balanceRow(words.closing, numbers.amount(closing)),
    ],
  };
}

/** The row of an entry. */
export function entryRow(line: StatementLine, { sheet, words, numbers, clock }: Writing): Row {
  const { amount, bookedAt, valueDate, type, counterparty, description, reference, initiatedBy, signedBy } = line;
  const { day } = clock(bookedAt);
  const notes = [
    reference && `${words.reference}: ${reference}`,
    valueDate !== day && `${words.valueDate}: ${numbers.day(valueDate)}`,
    initiatedBy && `${words.by}: ${labelOf(initiatedBy)}`,
    signedBy.length > 0 && `${words.signedBy}: ${clip(signedBy.map(labelOf).join(', '), maxNames)}`,
  ].filter((note) => typeof note === 'string');
  const textIn = (text: string, style: CellLine['style']) =>
    linesOf(sheet, text, { style, width: entryColumns[1]!.width - cellGap, mostLines: mostLines[style] });
  const details = [
    ...textIn(counterparty === null ? words.types[type] : `${counterparty.name} · ${words.types[type]}`, 'strong'),
    ...textIn(description ?? '', 'normal'),
    ...textIn(notes.join(' · '), 'note'),
  ];
  const balance = numbers.amount(line.balanceAfter);
  const row = rowOf([cell(numbers.day(day)), details, cell(numbers.amount(amount)), cell(balance)]);
  return carrying(row, balance, words);
}

/** Who moved how much, where that is more than one. */
export function shareTable({ statement, holders }: StatementDocument, { words, numbers, sheet }: Writing): Table {
  const names = new Map(holders.map((holder) => [holder.id, labelOf(holder)]));
  const { by, others, currency } = statement;
  const nameOf = (partyId: string | null) => (partyId === null ? words.service : (names.get(partyId) ?? partyId));
  const shares = [
    ...by.map(({ partyId, ...moved }) => ({ name: nameOf(partyId), ...moved })),
    ...(others.credits.count + others.debits.count > 0 ? [{ name: words.others, ...others }] : []),
  ];
  const heading = [words.sharesTitle, `${words.credits} ${currency}`, `${words.debits} ${currency}`];
  const moved = ({ count, sum }: Statement['credits']) => `${numbers.amount(sum)} (${numbers.count(count)})`;
  return {
    columns: shareColumns,
    heading: rowOf(heading.map((text) => cell(text, 'strong'))),
    rows: shares.map(({ name, credits, debits }) => {
      const lines = linesOf(sheet, name, { style: 'normal', width: shareColumns[0]!.width - cellGap, mostLines: 4 });
      return rowOf([lines, cell(moved(credits)), cell(moved(debits))]);
    }),
  };
}
