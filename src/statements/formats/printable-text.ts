import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { create, type Font } from 'fontkit';
import { oneLine } from './fitting-text.ts';

const { resolve } = createRequire(import.meta.url);

function loadFont(name: string): Font {
  return create(readFileSync(resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`))) as Font;
}

let loaded: Readonly<Record<'plain' | 'bold', Font>> | undefined;

/**
 * The fonts of what is printed, which PDF/A wants embedded: they may be, and have Latin, Greek, Cyrillic, Hebrew and
 * Arabic letters. Read when they are first needed, and kept.
 */
export function printFonts() {
  loaded ??= { plain: loadFont('DejaVuSansCondensed'), bold: loadFont('DejaVuSansCondensed-Bold') };
  return loaded;
}

export type FontName = keyof ReturnType<typeof printFonts>;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

const plain = /^[\u0020-\u007e\u00a0-\u00ff]*$/;

/**
 * Text as a font can show it, on one line. Each character that the font has not, an emoji with all its parts, becomes
 * one replacement character: PDF/A allows no glyph that stands for nothing. Marks that only steer the layout go.
 */
export function printable(text: string, font: FontName): string {
  const line = oneLine(text).normalize('NFC');
  if (plain.test(line)) return line;
  const { [font]: glyphs } = printFonts();
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
