import { z } from 'zod';

// The file of a ledger is JSON Lines. The first says what it is; then each table has a line that names its columns,
// followed by one for each row, an array of what PostgreSQL writes for the values; the last counts the rows and has the
// SHA-256 of all bytes before it.

/** The first line. The ledger's id stands here alone: no row says of which ledger it is. */
export const fileHead = z.strictObject({
  format: z.literal('joint-ledger'),
  version: z.literal(1),
  /** The last migration of the schema. */
  schema: z.string(),
  ledgerId: z.uuid(),
});

export const tableHead = z.strictObject({ table: z.string(), columns: z.array(z.string()) });

/** The last line. */
export const fileEnd = z.strictObject({
  rows: z.record(z.string(), z.int().min(0)),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export type FileHead = z.infer<typeof fileHead>;
export type TableHead = z.infer<typeof tableHead>;
export type FileEnd = z.infer<typeof fileEnd>;

/** Rows are sent to and fro in parts of about so many characters, so that memory does not grow with the ledger. */
export const partSize = 1_000_000;
/** No part has more rows than this. */
export const partRows = 2_000;

/** How many rows there are in all. */
export function countRows({ rows }: FileEnd): number {
  return Object.values(rows).reduce((sum, count) => sum + count, 0);
}
