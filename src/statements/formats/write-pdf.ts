import { setImmediate } from 'node:timers/promises';
import type { FormatOptions, Statement, StatementDocument, StatementLanguage, StatementLine } from '../statement.ts';
import { camt052Format, camt053Format } from './camt-format.ts';
import { clip, labelOf } from './fitting-text.ts';
import { periodOf } from './local-times.ts';
import { drawArtifact, drawLine, leadingOf, linesOf, openSheet, page, type Sheet, type TextStyle } from './pdf-page.ts';
import { type Placed, placeRows, type Row, type Table } from './place-rows.ts';
import { entryRow, entryTable, rowPadding, shareTable, type Writing, writingOf } from './statement-tables.ts';
import { statementWords } from './statement-words.ts';

const { width, height, margin } = page;
const inner = { left: margin, width: width - 2 * margin };

/** Where the footer begins. */
const footerTop = height - margin - 12;

/** What all that is drawn has in common. */
interface Drawing extends Writing {
  readonly language: StatementLanguage;
  /** The structure of the document: what is added to it is read in this order. */
  readonly root: PDFKit.PDFStructureElement;
}

const titleOf = ({ number }: Statement, language: StatementLanguage) => {
  const { title, interimTitle } = statementWords[language];
  return number === null ? interimTitle : `${title} ${number}`;
};

/** The same for programs. */
async function attach(sheet: Sheet, document: StatementDocument, lines: readonly StatementLine[]): Promise<void> {
  const { number, issuedAt } = document.statement;
  const format = number === null ? camt052Format : camt053Format;
  const parts: string[] = [];
  for await (const part of format.write(document, eachOf(lines), {})) parts.push(part as string);
  const at = new Date(issuedAt);
  sheet.file(Buffer.from(parts.join('')), {
    ...{
      name: number === null ? 'camt.052.xml' : 'camt.053.xml',
      type: 'application/xml',
      relationship: 'Alternative',
    },
    ...{ description: 'ISO 20022', creationDate: at, modifiedDate: at },
  });
}

async function* eachOf(lines: readonly StatementLine[]): AsyncGenerator<StatementLine> {
  for (const [index, line] of lines.entries()) {
    if (index % 500 === 0) await setImmediate();
    yield line;
  }
}

/** Draws what the statement is about; returns where that ends. */
function drawHead(document: StatementDocument, drawing: Drawing): number {
  const { sheet, root, language, words, numbers, clock } = drawing;
  const { statement, account, holders } = document;
  const { first, last } = periodOf(statement, clock);
  const { currency, credits, debits } = statement;
  const amount = (text: string) => `${numbers.amount(text)} ${currency}`;
  const facts: ReadonlyArray<readonly [string, string]> = [
    [words.account, [account.externalId, statement.accountId].filter((id) => id !== null).join(' · ')],
    [words.holders, clip(holders.map(labelOf).join(', '), 300)],
    [words.period, `${numbers.day(first.day)} – ${numbers.day(last.day)} (${statement.timeZone})`],
    [words.opening, amount(statement.opening)],
    [`${words.credits} (${numbers.count(credits.count)})`, amount(credits.sum)],
    [`${words.debits} (${numbers.count(debits.count)})`, amount(debits.sum)],
    [words.closing, amount(statement.closing)],
  ];
  let top = margin;
  const element = (tag: string, draw: () => void) => root.add(sheet.struct(tag, {}, draw));
  const drawAs = (style: TextStyle, text: string) => {
    drawLine(sheet, text, { style, spot: { ...inner, top } });
    top += leadingOf(style);
  };
  element('H1', () => drawAs('title', titleOf(statement, language)));
  element('H2', () => drawAs('subtitle', account.name));
  top += 4;
  for (const [name, text] of facts) {
    const lines = linesOf(sheet, text, { style: 'normal', width: inner.width - 130, mostLines: 8 });
    element('P', () => {
      drawLine(sheet, name, { style: 'note', spot: { left: margin, top: top + 1, width: 120 } });
      for (const [index, line] of lines.entries()) {
        const spot = { left: margin + 130, top, width: inner.width - 130, continues: index < lines.length - 1 };
        drawLine(sheet, line.text, { style: 'normal', spot });
        top += leadingOf('normal');
      }
    });
  }
  return top + 14;
}

function drawCell(sheet: Sheet, { table, row, top }: Placed, column: number): void {
  const left = margin + table.columns.slice(0, column).reduce((sum, { width }) => sum + width, 0);
  const { width: columnWidth, align } = table.columns[column]!;
  let at = top + rowPadding;
  const lines = row.cells[column]!;
  for (const [index, { text, style }] of lines.entries()) {
    const continues = index < lines.length - 1;
    drawLine(sheet, text, { style, spot: { left, top: at, align, width: columnWidth, continues } });
    at += leadingOf(style);
  }
}

/** Draws rows; those of a table become one in the structure, over all pages. */
function rowWriter({ sheet, root }: Drawing) {
  const tables = new Map<Table, PDFKit.PDFStructureElement>();
  const structureOfTable = (table: Table) => {
    const known = tables.get(table);
    if (known !== undefined) return known;
    const made = sheet.struct('Table');
    root.add(made);
    tables.set(table, made);
    return made;
  };
  const cellsOf = (row: Row) => row.cells.map((_lines, column) => column);
  return {
    draw(placed: Placed): void {
      const { table, row, kind, top } = placed;
      if (kind === 'repeated') {
        drawArtifact(sheet, 'Pagination', () => {
          for (const column of cellsOf(row)) drawCell(sheet, placed, column);
        });
      } else {
        // PDFKit writes whose heading it is, which its types do not know.
        const options: object = kind === 'heading' ? { scope: 'Column' } : {};
        const cells = cellsOf(row).map((column) =>
          sheet.struct(kind === 'heading' ? 'TH' : 'TD', options, [() => drawCell(sheet, placed, column)]),
        );
        structureOfTable(table).add(sheet.struct('TR', {}, cells));
      }
      const below = top + row.height;
      drawArtifact(sheet, 'Layout', () => {
        sheet.lineWidth(0.4).strokeColor(kind === 'heading' ? '#333333' : '#cccccc');
        sheet
          .moveTo(margin, below)
          .lineTo(width - margin, below)
          .stroke();
      });
    },
    end(): void {
      for (const table of tables.values()) table.end();
    },
  };
}

/** What stands at the end of a page, and of all but the first at the beginning. */
function drawFrame(
  { statement, account }: StatementDocument,
  { drawing, at, pages }: { drawing: Drawing; at: number; pages: number },
): void {
  const { sheet, language, words, numbers } = drawing;
  drawArtifact(sheet, 'Pagination', () => {
    const draw = (text: string, top: number, align: 'left' | 'right', part: number) => {
      const space = inner.width * part;
      const left = align === 'left' ? margin : margin + inner.width - space;
      drawLine(sheet, text, { style: 'note', spot: { left, top, width: space, align } });
    };
    if (at > 0) draw(`${titleOf(statement, language)} · ${clip(account.name, 60)}`, margin - 12, 'left', 1);
    draw(`${words.proof} ${statement.hash}`, footerTop, 'left', 0.85);
    draw(words.page(numbers.count(at + 1), numbers.count(pages)), footerTop, 'right', 0.14);
  });
}

/** All that is ready to be sent. */
function* takeFrom(sheet: Sheet): Generator<Uint8Array> {
  for (let chunk = sheet.read(); chunk !== null; chunk = sheet.read()) yield chunk as Uint8Array;
}

/** Writes a PDF/A-3a. Between pages others have their turn. */
export async function* writePdf(
  document: StatementDocument,
  lines: AsyncIterable<StatementLine>,
  { language = 'en' }: FormatOptions,
): AsyncGenerator<Uint8Array> {
  const { statement } = document;
  const sheet = openSheet(titleOf(statement, language), { language, at: new Date(statement.issuedAt) });
  const drawing = { ...writingOf(sheet, statement, language), language, root: sheet.struct('Document') };
  sheet.addStructure(drawing.root);
  const all: StatementLine[] = [];
  const entries: Row[] = [];
  for await (const line of lines) {
    all.push(line);
    entries.push(entryRow(line, drawing));
  }
  sheet.addPage();
  const firstTop = drawHead(document, drawing);
  const shares = shareTable(document, drawing);
  const tables = [entryTable(statement, entries, drawing), ...(shares.rows.length > 0 ? [shares] : [])];
  const pages = placeRows(tables, { firstTop, top: margin + 8, bottom: footerTop - 12, gap: 20 });
  const rows = rowWriter(drawing);
  for (const [at, placed] of pages.entries()) {
    if (at > 0) sheet.addPage();
    for (const row of placed) rows.draw(row);
    drawFrame(document, { drawing, at, pages: pages.length });
    yield* takeFrom(sheet);
    await setImmediate();
  }
  rows.end();
  drawing.root.end();
  await attach(sheet, document, all);
  sheet.end();
  for await (const chunk of sheet) yield chunk as Uint8Array;
}
