/** How long and how often a call is tried. */
export interface RetryOptions {
  /** How often a request is sent at most; 1 is never again. */
  readonly attempts: number;
  /** How long a call may take, with all its attempts and the pauses between them. */
  readonly totalMs: number;
  /** How long one attempt may take. */
  readonly attemptMs: number;
  /** The first pause at most; each further one is twice as long. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
}

export const defaultRetry: RetryOptions = {
  ...{ attempts: 8, totalMs: 90_000, attemptMs: 40_000 },
  ...{ firstPauseMs: 200, maxPauseMs: 10_000 },
};

/**
 * How long to pause after this many attempts, at least as long as the service asked for. Some of it is by chance, so
 * that callers who were refused together do not come again together.
 */
export function pauseAfter(attempts: number, retryAfterMs: number, { firstPauseMs, maxPauseMs }: RetryOptions): number {
  const longest = Math.min(maxPauseMs, firstPauseMs * 2 ** (attempts - 1));
  return retryAfterMs + longest * (0.5 + Math.random() / 2);
}

/** The milliseconds of `Retry-After`, in seconds or as a date (RFC 9110, section 10.2.3); 0 without one. */
export function readRetryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  if (/^\d{1,9}$/.test(header)) return Number.parseInt(header, 10) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}

/** Pauses; rejects with the signal's reason when it is aborted meanwhile. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}
