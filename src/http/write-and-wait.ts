import { once } from 'node:events';
import type { Writable } from 'node:stream';

/**
 * Writes, and waits until the client has taken in enough for more, so that nothing gathers here. Writes nothing once
 * the signal is aborted. Throws when the client takes in nothing for `stalledMs`.
 */
export async function writeAndWait(
  to: Writable,
  data: string | Uint8Array,
  { signal, stalledMs }: { signal: AbortSignal; stalledMs: number },
): Promise<void> {
  if (signal.aborted || to.write(data)) return;
  const stalled = AbortSignal.timeout(stalledMs);
  await once(to, 'drain', { signal: AbortSignal.any([signal, stalled]) }).catch((error) => {
    if (!signal.aborted) throw error;
  });
}
