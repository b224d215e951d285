import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { create, type Font } from 'fontkit';
import { oneLine } from './fitting-text.ts';

const { resolve } = createRequire(import.meta.url);

const files = { plain: 'DejaVuSansCondensed', bold: 'DejaVuSansCondensed-Bold' } as const;

let read: Readonly<Record<FontName, Buffer>> | undefined;
let known: Readonly<Record<FontName, Font>> | undefined;

/**
 * The fonts of what is printed, which PDF/A wants embedded: they may be, and have Latin, Greek, Cyrillic, Hebrew and
 * Arabic letters. Each document has its own: a font remembers of its glyphs for which letters they stood first. The
 * files are read when they are first needed, and kept.
 */
export function printFonts(): Readonly<Record<FontName, Font>> {
  const bytesOf = (name: string) => readFileSync(resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`));
  read ??= { plain: bytesOf(files.plain), bold: bytesOf(files.bold) };
  return { plain: create(read.plain) as Font, bold: create(read.bold) as Font };
}

export type FontName = keyof typeof files;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

const plain = /^[\u0020-\u007e\u00a0-\u00ff]*$/;

/**
 * Text as a font can show it, on one line. Each character that the font has not, an emoji with all its parts, becomes
 * one replacement character: PDF/A allows no glyph that stands for nothing. Marks that only steer the layout go.
 */
export function printable(text: string, font: FontName): string {
  const line = oneLine(text).normalize('NFC');
  if (plain.test(line)) return line;
  known ??= printFonts();
  const { [font]: glyphs } = known;
  return Array.from(graphemes.segment(line), ({ segment }) => {
    const shown = segment.replaceAll(/[\p{Cf}\p{Variation_Selector}]/gu, '');
    return Array.from(shown).every((character) => glyphs.hasGlyphForCodePoint(character.codePointAt(0)!))
      ? shown
      : '\uFFFD';
  }).join('');
}

const fromRight = /((?:\S*[\p{Script=Hebrew}\p{Script=Arabic}]\S*)(?: \S*[\p{Script=Hebrew}\p{Script=Arabic}]\S*)*)/u;

/**
 * A printed line in parts that stand side by side, each read in one direction. The font turns what is read from the
 * right around, with the spaces in it; they do not break, because PDFKit would turn each word around by itself.
 */
export function inDirections(line: string): string[] {
  return line
    .split(fromRight)
    .map((part, index) => (index % 2 === 1 ? part.replaceAll(' ', '\u00a0') : part))
    .filter((part) => part !== '');
}
