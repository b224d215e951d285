import PDFDocument from 'pdfkit';
import type { StatementLanguage } from '../statement.ts';
import type { CellLine } from './place-rows.ts';
import { type FontName, inDirections, printable, printFonts } from './printable-text.ts';
import { wrapText } from './wrap-text.ts';

/** A4, in points. */
export const page = { width: 595.28, height: 841.89, margin: 45 };

interface Setting {
  readonly font: FontName;
  readonly size: number;
  readonly leading: number;
  readonly color: string;
}

/** How text is set: the size, and how far the next line is. */
const styles = {
  title: { font: 'bold', size: 18, leading: 24, color: '#111111' },
  subtitle: { font: 'bold', size: 11, leading: 16, color: '#111111' },
  strong: { font: 'bold', size: 8.5, leading: 11.5, color: '#111111' },
  normal: { font: 'plain', size: 8.5, leading: 11.5, color: '#111111' },
  note: { font: 'plain', size: 7.5, leading: 10, color: '#555555' },
} as const satisfies Readonly<Record<string, Setting>>;

export type TextStyle = keyof typeof styles;

export const leadingOf = (style: TextStyle): number => styles[style].leading;

/** The document with what all of it shares. */
export type Sheet = InstanceType<typeof PDFDocument>;

/**
 * An empty PDF/A-3a (ISO 19005-3): archived as it is, with its structure for those who have it read aloud, and with
 * room for a file. The title may have nothing in it that is not our own: PDFKit writes it into XML as it is.
 */
export function openSheet(title: string, { language, at }: { language: StatementLanguage; at: Date }): Sheet {
  const sheet = new PDFDocument({
    ...{ size: 'A4', margin: 0, autoFirstPage: false, pdfVersion: '1.7', subset: 'PDF/A-3a', tagged: true },
    ...{ lang: language, displayTitle: true },
    info: { Title: title, Creator: 'joint-ledger', CreationDate: at, ModDate: at },
  });
  // PDFKit takes fonts that are parsed already, and its types do not know it yet.
  for (const [name, font] of Object.entries(printFonts())) sheet.registerFont(name, font as unknown as Buffer);
  return sheet;
}

/** Measures in a style. */
function measureIn(sheet: Sheet, style: TextStyle): (text: string) => number {
  const { font, size } = styles[style];
  return (text) => sheet.font(font).fontSize(size).widthOfString(text);
}

/** How text is put into a cell. */
interface Cell {
  readonly style: CellLine['style'];
  readonly width: number;
  /** Some characters are as wide as a line; a row must fit a page. */
  readonly mostLines: number;
}

/** Text from outside as lines of a cell; where there are too many, the last one says that more is missing. */
export function linesOf(sheet: Sheet, text: string, { style, width, mostLines }: Cell): CellLine[] {
  const shown = printable(text, styles[style].font);
  const lines = wrapText(shown, width, measureIn(sheet, style)).map((line): CellLine => ({ text: line, style }));
  return lines.length <= mostLines ? lines : [...lines.slice(0, mostLines - 1), { text: '…', style }];
}

/** Where a line of text goes. */
export interface Spot {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly align?: 'left' | 'right';
  /** Whether more of the same follows below: then it ends with a space, for those who copy it or have it read aloud. */
  readonly continues?: boolean;
}

/** Draws one line, smaller where it would be too wide. */
export function drawLine(sheet: Sheet, text: string, { style, spot }: { style: TextStyle; spot: Spot }): void {
  const { font, size, color } = styles[style];
  const parts = inDirections(printable(text, font));
  const { left, top, width, align = 'left', continues = false } = spot;
  sheet.font(font).fontSize(size).fillColor(color);
  const wide = parts.reduce((sum, part) => sum + sheet.widthOfString(part), 0);
  const fitting = Math.min(1, width / wide);
  if (fitting < 1) sheet.fontSize(size * fitting);
  let x = align === 'left' ? left : left + width - wide * fitting;
  for (const part of parts) {
    sheet.text(part, x, top + (size - size * fitting), { lineBreak: false });
    x += sheet.widthOfString(part);
  }
  if (continues) sheet.text(' ', x, top, { lineBreak: false });
}

/** Draws what is no part of the text: lines, page numbers, what stands again. */
export function drawArtifact(sheet: Sheet, type: 'Pagination' | 'Layout', draw: () => void): void {
  sheet.markContent('Artifact', { type });
  draw();
  sheet.endMarkedContent();
}
