/**
 * Every code the service can answer with, and its title. Callers branch on the code, so a code is never renamed;
 * `docs/errors.md` explains each one, and a test keeps the two lists equal. The HTTP status of each stands in
 * `src/http/problem-status.ts`.
 */
export const errorTitles = {
  // What was sent cannot be understood.
  malformed_request: 'The request is not valid HTTP',
  headers_too_large: 'The headers are too large',
  request_timeout: 'The request did not arrive in time',
  malformed_json: 'The body is not valid JSON',
  validation_failed: 'The request does not fit its schema',
  invalid_cursor: 'The cursor does not belong to this list',
  unauthorized: 'A valid API key is missing',
  payload_too_large: 'The body is too large',
  unsupported_media_type: 'The body must be JSON in UTF-8',
  route_not_found: 'There is nothing at this address',
  method_not_allowed: 'This address does not take this method',

  // What was asked cannot be done.
  account_not_found: 'There is no such account in this ledger',
  party_not_found: 'There is no such party in this ledger',
  transaction_not_found: 'There is no such transaction in this ledger',
  clearing_account: 'A clearing account cannot be addressed directly',
  account_closed: 'The account is closed',
  currency_mismatch: 'The currency is not that of the account',
  insufficient_funds: 'The account has not enough available',
  balance_limit_exceeded: 'The balance would be larger than a ledger can keep',
  balance_not_zero: 'Only an account with nothing on it can be closed',
  batch_item_refused: 'An item of the batch was refused, and with it all of it',
  version_mismatch: 'The account has changed since it was read',
  external_id_taken: 'The external id is in use already',

  // Idempotency.
  idempotency_key_reused: 'The idempotency key was used for another request',
  idempotency_in_progress: 'A request with this idempotency key is in progress',

  // Come back later.
  account_locked: 'Another request has the account locked',
  ledger_busy: 'The ledger is busy',
  database_unavailable: 'The database is not available',
  outcome_unknown: 'It could not be established whether the request took effect',
  not_ready: 'The service is not ready',
  internal_error: 'The service failed',
} as const;

export type ErrorCode = keyof typeof errorTitles;
