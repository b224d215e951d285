import type { ErrorCode, Problem } from './known-api.ts';

/** What is known of a call that failed. */
export interface FailedCall {
  /** The name of the call: `createTransfer`. */
  readonly operation: string;
  /** How often the request was sent. */
  readonly attempts: number;
  /** The key that it was sent with; the same call with the same key can be made again, and happens once. */
  readonly idempotencyKey: string | undefined;
}

/**
 * A refusal: a problem document of the service. Branch on `code`; what else it says stands in `problem`.
 *
 * @example
 * if (LedgerError.is(error, 'insufficient_funds')) show(`Only ${error.problem.available} is left.`);
 */
export class LedgerError<Code extends ErrorCode = ErrorCode> extends Error implements FailedCall {
  override name = 'LedgerError';
  readonly code: Code;
  readonly status: number;
  readonly problem: Problem & { readonly code: Code };
  readonly requestId: string | undefined;
  readonly operation: string;
  readonly attempts: number;
  readonly idempotencyKey: string | undefined;

  constructor(problem: Problem & { readonly code: Code }, call: FailedCall) {
    super(`${problem.code}: ${problem.detail}`);
    this.code = problem.code;
    this.status = problem.status;
    this.problem = problem;
    this.requestId = problem.requestId;
    this.operation = call.operation;
    this.attempts = call.attempts;
    this.idempotencyKey = call.idempotencyKey;
  }

  /** Whether something that was thrown is a refusal, with one of these codes where any are named. */
  static is<Wanted extends ErrorCode>(error: unknown, ...codes: readonly Wanted[]): error is LedgerError<Wanted> {
    return error instanceof LedgerError && (codes.length === 0 || codes.includes(error.code as Wanted));
  }
}

/**
 * No answer came, or none of the service itself: the network failed, or something in between answered. Whether a call
 * that changes something took effect is not known; make it again with `idempotencyKey`, and it happens once.
 */
export class UnansweredError extends Error implements FailedCall {
  override name = 'UnansweredError';
  readonly operation: string;
  readonly attempts: number;
  readonly idempotencyKey: string | undefined;

  constructor(message: string, call: FailedCall, options?: ErrorOptions) {
    super(message, options);
    this.operation = call.operation;
    this.attempts = call.attempts;
    this.idempotencyKey = call.idempotencyKey;
  }
}
