/**
 * JSON in which the order of an object's fields makes no difference. Hashes of it are stored: whatever changes here
 * must give the same text.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(inOneOrder(value));
}

function inOneOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inOneOrder);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, inOneOrder(field)]));
}
