// @ts-check

/**
 * An element of SVG. Its content is markup: elements, or what `escapeXml` has made of a text.
 *
 * @param {string} name
 * @param {Readonly<Record<string, string | number>>} attributes
 * @param {...string} content
 */
export function tag(name, attributes, ...content) {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  return `<${name}${written.join('')}>${content.join('')}</${name}>`;
}

/**
 * What is shown when the pointer rests on an element.
 *
 * @param {string} text
 */
export function tip(text) {
  return tag('title', {}, escapeXml(text));
}

/** @param {string} text */
export function escapeXml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
