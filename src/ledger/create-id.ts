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
