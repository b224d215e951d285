import type { ErrorCode } from '../errors/error-catalogue.ts';
import type { RouteContract } from './route.ts';

/** What any request may be refused with, before it comes to its route or because something is not there. */
const ofAll = [
  'malformed_request',
  'headers_too_large',
  'request_timeout',
  'unauthorized',
  'unsupported_media_type',
  'payload_too_large',
  'malformed_json',
  'validation_failed',
  'ledger_busy',
  'database_unavailable',
  'internal_error',
] as const satisfies readonly ErrorCode[];

const ofKeyed = [
  'tls_required',
  'scope_missing',
  'too_many_requests',
  'token_keys_unavailable',
] as const satisfies readonly ErrorCode[];

const ofOperations = ['clock_unreliable', 'outcome_unknown', 'account_locked'] as const satisfies readonly ErrorCode[];

const ofKeys = ['idempotency_in_progress', 'idempotency_key_reused'] as const satisfies readonly ErrorCode[];

/** The refusals that a route shares with all of its kind; those of its own stand in its contract. */
export function sharedRefusals({ keys, query, offers }: Pick<RouteContract, 'keys' | 'query' | 'offers'>): ErrorCode[] {
  return [
    ...ofAll,
    ...(keys === 'service' ? ['key_not_allowed' as const] : []),
    ...(keys === 'none' ? [] : ofKeyed),
    ...(query !== undefined && 'cursor' in query.shape ? ['invalid_cursor' as const] : []),
    ...(offers?.prefer ? ofOperations : []),
    ...(offers?.idempotencyKey ? ofKeys : []),
    ...(offers?.ifMatch ? ['version_mismatch' as const] : []),
  ];
}

/** What a route shares with all in which a party acts on something of an account. */
export const actRefusals = [
  'key_not_allowed',
  'party_not_found',
  'not_a_holder',
  'right_missing',
  'own_signature_required',
] as const satisfies readonly ErrorCode[];

/** What a route shares with all in which a party acts on the account that the request names. */
export const accountActRefusals = [
  ...actRefusals,
  'account_not_found',
  'clearing_account',
  'account_closed',
] as const satisfies readonly ErrorCode[];

/** What the booking of money that was promised before is refused for. */
export const bookingRefusals = [
  'account_closed',
  'account_restricted',
  'insufficient_funds',
  'balance_limit_exceeded',
  'booked_in_the_future',
] as const satisfies readonly ErrorCode[];
