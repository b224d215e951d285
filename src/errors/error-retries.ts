import type { ErrorCode } from './error-catalogue.ts';

/** How trying again can help after a refusal. */
export interface Retry {
  /**
   * The `same` request, with the same `Idempotency-Key`; or the like of it as a `new` one, because the refusal is what
   * the key stands for.
   */
  readonly request: 'same' | 'new';
  /** After what. */
  readonly after: string;
}

const same = (after: string): Retry => ({ request: 'same', after });
const anew = (after: string): Retry => ({ request: 'new', after });

const retryAfter = same('the seconds of `Retry-After`');
const someEnded = anew('some of them have ended');

/** Of each code after which trying again can help, how. After any other only another request can. */
export const errorRetries: Readonly<Partial<Record<ErrorCode, Retry>>> = {
  request_timeout: same('a moment'),
  idempotency_in_progress: retryAfter,
  account_locked: retryAfter,
  ledger_busy: retryAfter,
  database_unavailable: retryAfter,
  clock_unreliable: retryAfter,
  booked_in_the_future: retryAfter,
  outcome_unknown: retryAfter,
  token_keys_unavailable: retryAfter,
  too_many_requests: retryAfter,
  too_many_streams: retryAfter,
  lab_busy: retryAfter,
  not_ready: retryAfter,
  internal_error: same('a moment'),

  insufficient_funds: anew('money came in, or a hold ended'),
  balance_limit_exceeded: anew('money left the account'),
  balance_not_zero: anew('balance and holds are zero'),
  overdraft_in_use: anew('less of the overdraft is used'),
  account_restricted: anew('the restriction was lifted'),
  limit_exceeded: anew('the day or month of the limit is over, or the limit was raised'),
  not_a_holder: anew('the party has joined the account'),
  right_missing: anew('the party was given the right'),
  mandate_unreachable: anew('holders or mandate have changed'),
  version_mismatch: anew('the account was read again, with its new version'),
  party_holds_accounts: anew('the party has left them'),
  last_owner: anew('another owner has joined'),
  too_many_payment_orders: someEnded,
  too_many_changes: someEnded,
  too_many_holders: someEnded,
  too_many_proposals: someEnded,
  too_many_standing_orders: someEnded,
  too_many_webhook_endpoints: someEnded,
  webhook_endpoint_disabled: anew('the endpoint was enabled'),
  period_not_over: anew('the period is over'),
  webhook_delivery_pending: anew('the delivery has finished'),
  batch_item_refused: anew('what the code in `refusal` asks for'),
};

/** The same as a sentence. */
export function describeRetry(code: ErrorCode): string {
  const retry = errorRetries[code];
  if (retry === undefined) return 'Trying again does not help: change the request.';
  return retry.request === 'same'
    ? `Send the same request again, with its Idempotency-Key, after ${retry.after}.`
    : `Send it as a new request, with a new Idempotency-Key, once ${retry.after}.`;
}
