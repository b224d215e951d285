import { type Problem, retriedCodes } from './known-api.ts';
import { type FailedCall, LedgerError, UnansweredError } from './ledger-error.ts';
import { pause, pauseAfter, type RetryOptions, readRetryAfter } from './retry-plan.ts';

/** A request, and what may be done about it. */
export interface Sending {
  readonly operation: string;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** Whether sending it again does nothing twice: it has a key, or is a read, or says what shall be there. */
  readonly isRepeatable: boolean;
  readonly signal: AbortSignal | undefined;
}

/** What came back. */
export interface Answered<Body = unknown> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

/** An answer whose body comes as it is read; it may break off, which reading it throws. */
export interface Opened {
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array>;
}

/** An attempt that brought no success; `cause` says why where no problem document does. */
interface Failure {
  readonly problem: Problem | undefined;
  readonly cause: unknown;
  readonly retryAfterMs: number;
  /** Whether the same request can help, as far as the failure tells. */
  readonly canHelp: boolean;
}

/** Answers of what stands between: a proxy, a load balancer. */
const passingStatuses = [408, 425, 429, 502, 503, 504];

/**
 * Sends a request until it is answered for good, each time with the same key and body. Throws LedgerError for a
 * refusal, UnansweredError when attempts or time are used up without one, and the signal's reason when that is aborted.
 */
export function sendCall(fetcher: typeof fetch, sending: Sending, retry: RetryOptions): Promise<Answered> {
  return sendUntilAnswered((ms) => attempt(fetcher, sending, ms), sending, retry);
}

/** The same for an answer that is not gathered: what is tried again, and limited in time, is all until it begins. */
export function openCall(fetcher: typeof fetch, sending: Sending, retry: RetryOptions): Promise<Opened> {
  return sendUntilAnswered((ms) => attemptToOpen(fetcher, sending, ms), sending, retry);
}

async function sendUntilAnswered<Answer extends object>(
  attemptFor: (ms: number) => Promise<Answer | Failure>,
  sending: Sending,
  retry: RetryOptions,
): Promise<Answer> {
  const endsAt = performance.now() + retry.totalMs;
  for (let attempts = 1; ; attempts++) {
    const leftMs = endsAt - performance.now();
    const outcome = await attemptFor(Math.max(1, Math.min(retry.attemptMs, leftMs)));
    if (!('canHelp' in outcome)) return outcome;
    const pauseMs = pauseAfter(attempts, outcome.retryAfterMs, retry);
    const isOver = attempts >= retry.attempts || performance.now() + pauseMs >= endsAt;
    if (isOver || !outcome.canHelp || !sending.isRepeatable) throw asError(outcome, { ...sending, attempts });
    await pause(pauseMs, sending.signal);
  }
}

async function attempt(fetcher: typeof fetch, sending: Sending, ms: number): Promise<Answered | Failure> {
  const { url, method, headers, body = null, signal } = sending;
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(Math.ceil(ms));
  try {
    const all = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const response = await fetcher(url, { method, headers, body, redirect: 'manual', signal: all });
    return await readAnswer(response);
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    return { problem: undefined, cause, retryAfterMs: 0, canHelp: true };
  }
}

async function attemptToOpen(fetcher: typeof fetch, sending: Sending, ms: number): Promise<Opened | Failure> {
  const { url, method, headers, body = null, signal } = sending;
  signal?.throwIfAborted();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`nothing came for ${Math.ceil(ms)} ms`)), ms);
  try {
    const all = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
    const response = await fetcher(url, { method, headers, body, redirect: 'manual', signal: all });
    if (response.ok && response.body !== null) return { headers: response.headers, body: response.body };
    const read = await readAnswer(response);
    if ('canHelp' in read) return read;
    const cause = new Error('something answered without a body that is not the service');
    return { problem: undefined, cause, retryAfterMs: 0, canHelp: false };
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    return { problem: undefined, cause, retryAfterMs: 0, canHelp: true };
  } finally {
    clearTimeout(timer);
  }
}

async function readAnswer(response: Response): Promise<Answered | Failure> {
  const { status, headers } = response;
  const text = await response.text();
  const type = headers.get('Content-Type') ?? '';
  // A body that is cut off in the middle is no answer: this throws for it.
  if (response.ok && /^application\/json\b/.test(type)) return { status, body: JSON.parse(text), headers };
  if (response.ok && text === '') return { status, body: undefined, headers };
  const retryAfterMs = readRetryAfter(headers.get('Retry-After'), Date.now());
  if (!/^application\/problem\+json\b/.test(type)) {
    const cause = new Error(`something answered with ${status} that is not the service`);
    return { problem: undefined, cause, retryAfterMs, canHelp: passingStatuses.includes(status) };
  }
  const problem: Problem = JSON.parse(text);
  return { problem, cause: undefined, retryAfterMs, canHelp: retriedCodes.includes(problem.code) };
}

function asError({ problem, cause }: Failure, call: FailedCall): Error {
  if (problem !== undefined) return new LedgerError(problem, call);
  const why = cause instanceof Error ? cause.message : String(cause);
  return new UnansweredError(`${call.operation} was not answered: ${why}`, call, { cause });
}
