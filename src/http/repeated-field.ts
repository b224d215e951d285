import type { FieldError } from '../errors/invalid-input.ts';

/** Strings, with the colon that makes one a field's name, and what opens, separates and closes. */
const tokens = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\],]/g;

/**
 * Finds the first field that stands twice in one object. `JSON.parse` would keep the last one silently, where another
 * reader of the same request (a gateway, an audit log) may go by the first: two amounts, and no telling which was meant
 * (RFC 8259, section 4). The text must be valid JSON.
 */
export function findRepeatedField(json: string): FieldError | undefined {
  const open: Array<{ names: Set<string> | null; at: string | number }> = [];
  for (const [token, text, colon] of json.matchAll(tokens)) {
    const inside = open.at(-1);
    if (token === '{') open.push({ names: new Set(), at: '' });
    else if (token === '[') open.push({ names: null, at: 0 });
    else if (token === '}' || token === ']') open.pop();
    else if (token === ',' && typeof inside?.at === 'number') inside.at++;
    else if (text !== undefined && colon !== undefined && inside?.names) {
      const name: string = JSON.parse(text);
      inside.at = name;
      if (inside.names.has(name)) return { path: open.map(({ at }) => at).join('.'), message: 'must not stand twice' };
      inside.names.add(name);
    }
  }
  return undefined;
}
