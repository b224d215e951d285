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
  // Signals that are made of others (AbortSignal.any, AbortSignal.timeout) are collected while nothing else holds them.
  const ended = new AbortController();
  const end = () => ended.abort();
  const stalled = setTimeout(end, stalledMs);
  signal.addEventListener('abort', end, { once: true });
  try {
    await once(to, 'drain', { signal: ended.signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(stalled);
    signal.removeEventListener('abort', end);
  }
}
