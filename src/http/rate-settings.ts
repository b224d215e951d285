import { isIP } from 'node:net';
import { z } from 'zod';
import type { Rate } from './token-buckets.ts';

/** `50/200`: so many a second, and so many at once after a pause. */
export const rateText = z
  .string()
  .regex(/^(?:off|[1-9]\d{0,5}\/[1-9]\d{0,6})$/, {
    error: 'must be off, or requests a second and at once, such as 50/200',
    abort: true,
  })
  .refine((text) => (readRate(text)?.burst ?? 0) >= (readRate(text)?.perSecond ?? 0), {
    error: 'must let in no fewer at once than in a second',
  });

/** Addresses and networks with commas between them. */
export const addressList = z.string().refine((text) => namesIn(text).every(isNetwork), {
  error: 'must be addresses and networks with commas between them, such as 127.0.0.1,10.0.0.0/8',
});

export function namesIn(list: string): string[] {
  return list.split(',').flatMap((name) => name.trim() || []);
}

function isNetwork(text: string): boolean {
  const [address = '', prefix = '0', ...more] = text.split('/');
  const bits = isIP(address) === 4 ? 32 : 128;
  return isIP(address) !== 0 && /^\d{1,3}$/.test(prefix) && Number.parseInt(prefix, 10) <= bits && more.length === 0;
}

export function readRate(text: string): Rate | null {
  if (text === 'off') return null;
  const [perSecond, burst] = text.split('/').map((digits) => Number.parseInt(digits, 10));
  return { perSecond: perSecond!, burst: burst! };
}
