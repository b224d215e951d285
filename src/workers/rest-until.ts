import { type EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for an event, for `ms` at most, or until the signal is aborted. */
export async function restUntil(events: EventEmitter, event: string, ms: number, until: AbortSignal): Promise<void> {
  if (until.aborted) return;
  const enough = new AbortController();
  const { signal: over } = enough;
  const end = () => enough.abort();
  // Not AbortSignal.any: Node.js 20 keeps something of each for as long as `until` lives.
  until.addEventListener('abort', end);
  const happened = once(events, event, { signal: over }).catch(() => {});
  const slept = sleep(ms, undefined, { signal: over }).catch(() => {});
  await Promise.race([happened, slept]);
  until.removeEventListener('abort', end);
  enough.abort();
}
