/** Quotes stay: libofx knows no names of theirs, and nothing is written into attributes. */
const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** What XML 1.0 (section 2.2) has no way to write, not even escaped. */
const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** Text as it stands in an element; characters that XML forbids become the replacement character. */
export function xmlText(text: string): string {
  return text.replaceAll(forbidden, '\uFFFD').replaceAll(/[&<>]/g, (character) => escapes[character]!);
}

/**
 * An element with what stands in it, which is XML already; nothing where that is undefined or empty.
 *
 * @example
 * element('Nm', xmlText('Ann & Ben')); // '<Nm>Ann &amp; Ben</Nm>'
 */
export function element(name: string, content: string | undefined): string {
  return content === undefined || content === '' ? '' : `<${name}>${content}</${name}>`;
}
