import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

const idBytes = 16;
/** Random bytes are fetched for this many ids at once: asking the system for each would cost more than the rest. */
const pool = Buffer.alloc(idBytes * 256);
let used = pool.length;
let lastMs = 0;
let sequence = 0;

/**
 * A UUID version 7 (RFC 9562). Those of one process ascend in the order of their creation, also within a millisecond:
 * a counter in the bits after the time sees to it (section 6.2, method 1). The entries of a transaction are read in
 * this order.
 */
export function createId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + idBytes);
  used += idBytes;
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    sequence = random.readUInt32BE(0) >>> 1;
  } else {
    sequence++;
  }
  return uuidv7({ msecs: lastMs, seq: sequence, random });
}

/** When an id was made: the milliseconds that it begins with. */
export function timeOfId(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}

/** The least of all ids that are made at this time, from 1970 on; ids of before compare as smaller. */
export function firstIdAt(time: Date): string {
  const ms = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-000000000000`;
}
