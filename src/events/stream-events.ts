import type { Writable } from 'node:stream';
import { RefusalError } from '../errors/refusal.ts';
import type { Hints } from '../http/service-parts.ts';
import { writeAndWait } from '../http/write-and-wait.ts';
import { formatPlace, type LogPlace } from '../log/log-place.ts';
import type { EventDocument } from './present-event.ts';

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
  /**
   * The events behind a place, at most `streamPage`, and up to where the log was looked through for them; null when
   * there was nothing to look at. Throws RefusalError `log_forked` when the log does not have the place any more.
   */
  read(after: LogPlace): Promise<{ documents: readonly EventDocument[]; lookedTo: LogPlace | null }>;
  hasKeyEnded(): Promise<boolean>;
}

/**
 * Sends the events behind a place, and then whatever is added, as server-sent events (WHATWG HTML, "Server-sent
 * events") until the signal is aborted or the API key revoked. Where the client reads more slowly than it writes it
 * waits, and reads nothing more of the log; throws when the client takes in nothing for too long.
 *
 * The place is told at the start and with each heartbeat too, so that a client that comes again goes on where it was,
 * also when its filter let nothing through. When the log forks under it, that is the last it is told.
 */
export async function streamEvents(
  to: Writable,
  stream: EventStream,
  { from, signal, wakeUp, pace }: { from: LogPlace; signal: AbortSignal; wakeUp: Hints; pace: StreamPace },
): Promise<void> {
  let place = from;
  let [beatAt, checkedAt] = [performance.now(), performance.now()];
  await send(`retry: ${retryMs}\nid: ${formatPlace(place)}\n\n`);
  while (!(await isOver())) {
    const page = await stream.read(place).catch(onlyForked);
    if (page instanceof RefusalError) {
      await send(`event: ${page.refusal.code}\ndata: ${JSON.stringify(page.refusal)}\n\n`);
      return;
    }
    for (const document of page.documents) {
      if (await isOver()) return;
      await send(`id: ${document.id}\nevent: ${document.type}\ndata: ${JSON.stringify(document)}\n\n`);
    }
    const isAll = page.lookedTo === null;
    place = page.lookedTo ?? place;
    const now = performance.now();
    if (now - beatAt >= pace.heartbeatMs) {
      await send(`: heartbeat\nid: ${formatPlace(place)}\n\n`);
      beatAt = now;
    }
    if (isAll) await wakeUp.rest(pace.restMs, signal);
  }

  async function isOver(): Promise<boolean> {
    const now = performance.now();
    if (signal.aborted || now - checkedAt < pace.keyCheckMs) return signal.aborted;
    checkedAt = now;
    return stream.hasKeyEnded();
  }

  function send(text: string): Promise<void> {
    return writeAndWait(to, text, { signal, stalledMs: pace.stalledMs });
  }
}

/** What ends a stream in order; anything else breaks it off. */
function onlyForked(error: unknown): RefusalError {
  if (error instanceof RefusalError && error.refusal.code === 'log_forked') return error;
  throw error;
}
