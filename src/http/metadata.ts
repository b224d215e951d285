import { z } from 'zod';
import { inStoredOrder } from '../ledger/stored-order.ts';

/** Room for what an integration keeps with something, without becoming a document store. */
export const maxMetadataBytes = 4096;

/** Whatever a caller keeps with a movement, a party or an account. */
export const metadata = z
  .record(z.string(), z.unknown(), { error: 'must be a JSON object' })
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= maxMetadataBytes, {
    error: `must take at most ${maxMetadataBytes} bytes as JSON`,
  })
  .transform((value) => inStoredOrder(value));
