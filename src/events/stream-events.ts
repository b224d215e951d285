import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Hints } from '../http/service-parts.ts';
import { eventId, isBehind } from './event-id.ts';
import type { EventDocument } from './present-event.ts';
import type { EventPlace } from './read-events.ts';

export interface StreamPace {
  /** How long to wait, unless there is a hint, before looking for what is new. */
  readonly restMs: number;
  readonly heartbeatMs: number;
  readonly keyCheckMs: number;
  /** How long a client may take in nothing of what waits for it. */
  readonly stalledMs: number;
}

export const defaultPace: StreamPace = { restMs: 500, heartbeatMs: 15_000, keyCheckMs: 60_000, stalledMs: 60_000 };

/** How long a client waits before it connects again. */
const retryMs = 2_000;
export const streamPage = 100;

/** What a stream is made of. Everything is asked anew in each round, so that it ends when it may not go on. */
export interface EventStream {
  /** The events behind a place, at most `streamPage`. */
  read(after: EventPlace): Promise<{ documents: readonly EventDocument[]; last: EventPlace | undefined }>;
  /** The place behind everything that is settled now. */
  latest(): Promise<EventPlace>;
  isKeyRevoked(): Promise<boolean>;
}

/**
 * Sends the events behind a place, and then whatever is added, as server-sent events (WHATWG HTML, "Server-sent
 * events") until the signal is aborted or the API key revoked. Where the client reads more slowly than it writes it
 * waits, and reads nothing more of the log; throws when the client takes in nothing for too long.
 *
 * The place is told at the start and with each heartbeat too, so that a client that comes again goes on where it was,
 * also when its filter let nothing through.
 */
export async function streamEvents(
  to: Writable,
  stream: EventStream,
  { from, signal, wakeUp, pace }: { from: EventPlace; signal: AbortSignal; wakeUp: Hints; pace: StreamPace },
): Promise<void> {
  let place = from;
  let [beatAt, checkedAt] = [performance.now(), performance.now()];
  await send(`retry: ${retryMs}\nid: ${eventId(place)}\n\n`);
  while (!(await isOver())) {
    const now = performance.now();
    // Read before the events: what is settled then is among them, or filtered out.
    const latest = now - beatAt >= pace.heartbeatMs ? await stream.latest() : undefined;
    const { documents, last } = await stream.read(place);
    for (const document of documents) {
      if (await isOver()) return;
      await send(`id: ${document.id}\nevent: ${document.type}\ndata: ${JSON.stringify(document)}\n\n`);
    }
    if (last !== undefined) place = last;
    if (documents.length === streamPage) continue;
    if (latest !== undefined) {
      if (isBehind(latest, place)) place = latest;
      await send(`: heartbeat\nid: ${eventId(place)}\n\n`);
      beatAt = now;
    }
    await wakeUp.rest(pace.restMs, signal);
  }

  async function isOver(): Promise<boolean> {
    const now = performance.now();
    if (signal.aborted || now - checkedAt < pace.keyCheckMs) return signal.aborted;
    checkedAt = now;
    return stream.isKeyRevoked();
  }

  async function send(text: string): Promise<void> {
    if (signal.aborted || to.write(text)) return;
    const stalled = AbortSignal.timeout(pace.stalledMs);
    await once(to, 'drain', { signal: AbortSignal.any([signal, stalled]) }).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }
}
