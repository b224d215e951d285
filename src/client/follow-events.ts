import type { Event, Problem } from './known-api.ts';
import { LedgerError, UnansweredError } from './ledger-error.ts';
import { readMessages } from './read-messages.ts';
import { pause, pauseAfter, type RetryOptions, readRetryAfter } from './retry-plan.ts';

/** A stream to open, again and again. */
export interface EventStream {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

/** The service sends something every 15 seconds at least; a connection that is silent for longer has died unnoticed. */
const silenceMs = 45_000;

/**
 * The events of a stream, each once and in order, also across connections that break: it is opened again behind the
 * last place that was seen. Throws LedgerError when there is no going on (`log_forked`, `cursor_outdated`, ...),
 * UnansweredError when it could not be opened for as long as `retry` allows, and the signal's reason when that is
 * aborted.
 */
export async function* followEvents(
  fetcher: typeof fetch,
  { url, headers, signal }: EventStream,
  retry: RetryOptions,
): AsyncGenerator<Event, never> {
  let place: string | undefined;
  let [attempts, failingSince] = [0, performance.now()];
  for (;;) {
    const gone = new AbortController();
    const all = signal === undefined ? gone.signal : AbortSignal.any([signal, gone.signal]);
    let retryAfterMs = 0;
    let problem: unknown = new Error('the stream ended');
    try {
      const behind = place === undefined ? {} : { 'Last-Event-ID': place };
      const response = await fetcher(url, { headers: { ...headers, ...behind }, signal: all, redirect: 'manual' });
      retryAfterMs = readRetryAfter(response.headers.get('Retry-After'), Date.now());
      for await (const message of readMessages(await streamOf(response), silenceMs)) {
        [attempts, failingSince] = [0, performance.now()];
        place = message.id ?? place;
        if (message.data !== undefined) yield readEvent(message.event, message.data);
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof LedgerError && !canGoOn(error)) throw error;
      problem = error;
    } finally {
      gone.abort();
    }
    attempts++;
    const isOver = attempts >= retry.attempts || performance.now() - failingSince >= retry.totalMs;
    if (isOver) throw new UnansweredError('streamEvents cannot be read', callOf(attempts), { cause: problem });
    await pause(pauseAfter(attempts, retryAfterMs, retry), signal);
  }
}

const callOf = (attempts: number) => ({ operation: 'streamEvents', attempts, idempotencyKey: undefined });

async function streamOf(response: Response): Promise<ReadableStream<Uint8Array>> {
  const type = response.headers.get('Content-Type') ?? '';
  if (response.ok && response.body !== null && type.startsWith('text/event-stream')) return response.body;
  const text = await response.text();
  if (type.startsWith('application/problem+json')) throw new LedgerError(JSON.parse(text) as Problem, callOf(1));
  throw new Error(`something answered with ${response.status} that is not the service`);
}

/** Of the refusals, those of a service that is busy or restarting. */
function canGoOn({ status }: LedgerError): boolean {
  return status === 429 || status >= 500;
}

/** The last message of a stream whose log has forked is the refusal. */
function readEvent(name: string, data: string): Event {
  const document = JSON.parse(data);
  if (name !== 'log_forked') return document;
  const { code, detail, facts } = document as { code: 'log_forked'; detail: string; facts: object };
  const problem = { type: `/errors#${code}`, title: detail, status: 409, detail, code, ...facts };
  throw new LedgerError(problem, callOf(1));
}
