/**
 * A JSON object with its fields in the order in which PostgreSQL's `jsonb` gives them back, at every level: shorter
 * names first, those of one length by their bytes (in UTF-8). What is answered before it is stored, and what is read
 * from the books afterwards, is the same text (docs/adr/0035).
 */
export function inStoredOrder(value: Record<string, unknown>): Record<string, unknown> {
  return ordered(value) as Record<string, unknown>;
}

function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(ordered);
  const fields = Object.entries(value).map(([name, field]) => ({ bytes: Buffer.from(name), name, field }));
  fields.sort((a, b) => a.bytes.length - b.bytes.length || a.bytes.compare(b.bytes));
  return Object.fromEntries(fields.map(({ name, field }) => [name, ordered(field)]));
}
