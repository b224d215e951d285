import type { ErrorCode } from './error-catalogue.ts';

/** Further facts of a refusal, which become members of the problem document: `available`, `errors`, … */
export type RefusalFacts = Readonly<Record<string, unknown>> & {
  // These say what every problem document says.
  readonly [reserved in 'type' | 'title' | 'status' | 'detail' | 'code' | 'requestId']?: never;
};

/**
 * A coded no. As a plain value it is what `decide` answers and what is stored with an idempotency key, so it holds
 * nothing that JSON cannot carry.
 */
export interface Refusal {
  readonly code: ErrorCode;
  /** One sentence for the person who reads the answer: what was wrong, with the values that matter. */
  readonly detail: string;
  readonly facts?: RefusalFacts;
}

/**
 * Makes a refusal. The code decides the status and the title of the answer (`error-catalogue.ts`).
 *
 * @example
 * return { refusal: refusal('hold_not_active', `Hold ${id} is ${status}.`, { state: status }) };
 */
export function refusal(code: ErrorCode, detail: string, facts?: RefusalFacts): Refusal {
  return facts === undefined ? { code, detail } : { code, detail, facts };
}

/**
 * A refusal that is thrown because it ends the request where it stands: bad input, a lock that was not had in time,
 * a database that is away. It is never stored with an idempotency key.
 */
export class RefusalError extends Error {
  override name = 'RefusalError';
  readonly refusal: Refusal;

  constructor(code: ErrorCode, detail: string, facts?: RefusalFacts, options?: ErrorOptions) {
    super(detail, options);
    this.refusal = refusal(code, detail, facts);
  }
}
