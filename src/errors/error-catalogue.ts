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
  not_a_holder: 'The party does not hold the account',
  right_missing: 'The holder lacks the right',
  payment_order_not_found: 'There is no such payment order in this ledger',
  hold_not_found: 'There is no such hold in this ledger',
  failed_work_not_found: 'No such item of work has failed in this ledger',
  project_not_found: 'There is no such project in this ledger',
  proposal_not_found: 'There is no such proposal in this ledger',
  holder_not_found: 'The party has no place on the account',
  restriction_not_found: 'There is no such restriction in this ledger',
  account_change_not_found: 'There is no such change in this ledger',
  clearing_account: 'A clearing account cannot be addressed directly',
  account_closed: 'The account is closed',
  currency_mismatch: 'The currency is not that of the account',
  insufficient_funds: 'The account has not enough available',
  balance_limit_exceeded: 'The balance would be larger than a ledger can keep',
  balance_not_zero: 'Only an account with nothing on it can be closed',
  account_restricted: 'A restriction stops the account',
  limit_exceeded: 'The holder would exceed its own limit',
  batch_item_refused: 'An item of the batch was refused, and with it all of it',
  signatures_missing: 'Further signatures are needed, and this cannot wait for them',
  mandate_unreachable: 'The mandate asks for signatures that nobody can give',
  too_many_payment_orders: 'As many payment orders wait on the account as can',
  too_many_changes: 'As many changes wait on the account as can',
  payment_order_not_pending: 'The payment order does not wait for signatures any more',
  instruction_mismatch: 'The signature is for another instruction',
  already_decided: 'The party has decided otherwise before',
  hold_not_active: 'The hold is finished',
  hold_amount_exceeded: 'The hold has less left than that',
  project_already_assigned: 'Another proposal of the project was accepted',
  project_not_open: 'The project is closed',
  proposal_not_pending: 'The proposal is finished',
  too_many_proposals: 'The project has as many pending proposals as it can have',
  already_reversed: 'The transaction was reversed before',
  reversal_not_possible: 'The transaction cannot be reversed',
  account_change_not_pending: 'The change does not wait for signatures any more',
  already_a_holder: 'The party has a place on the account already',
  invitation_not_open: 'The invitation is no longer open',
  last_owner: 'An account keeps at least one owner',
  too_many_holders: 'The account has as many holders as it can have',
  restriction_not_active: 'The restriction was lifted before',
  overdraft_in_use: 'The overdraft limit would be below what is used',
  key_not_allowed: 'The API key may not do this',
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
