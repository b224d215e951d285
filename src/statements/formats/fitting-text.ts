/*
 * Text that fits the fields of a format. Lengths are counted in characters of Unicode, as schemas count them, so that
 * no character is cut in two.
 */

/** At most so many characters, from the beginning. */
export function clip(text: string, length: number): string {
  return text.length <= length ? text : Array.from(text).slice(0, length).join('');
}

/** The whole text in pieces of at most so many characters. */
export function piecesOf(text: string, length: number): string[] {
  if (text.length <= length) return text === '' ? [] : [text];
  const characters = Array.from(text);
  const pieces: string[] = [];
  for (let at = 0; at < characters.length; at += length) pieces.push(characters.slice(at, at + length).join(''));
  return pieces;
}

/** On one line: no control characters, and one space where there was any amount of white space. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
}

/** A UUID without its dashes: with them it is a character too long for the ids of ISO 20022 and of SWIFT. */
export function bareId(uuid: string): string {
  return uuid.replaceAll('-', '');
}

/** Sixteen characters of a UUID, which is what MT940 has room for. The last ones are random, the first are a time. */
export function shortId(uuid: string): string {
  return bareId(uuid).slice(-16);
}

/** What to call a party of which the reader may not know the name. */
export function labelOf({ id, name }: { readonly id: string; readonly name: string | null }): string {
  return name ?? id;
}
