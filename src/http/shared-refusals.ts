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

const ofOperations = ['clock_unreliable', 'outcome_unknown', 'account_locked'] as const satisfies readonly ErrorCode[];

const ofKeys = ['idempotency_in_progress', 'idempotency_key_reused'] as const satisfies readonly ErrorCode[];

/** The refusals that a route shares with all of its kind; those of its own stand in its contract. */
export function sharedRefusals({ keys, query, offers }: Pick<RouteContract, 'keys' | 'query' | 'offers'>): ErrorCode[] {
  return [
    ...ofAll,
    ...(keys === 'service' ? ['key_not_allowed' as const] : []),
    ...(query !== undefined && 'cursor' in query.shape ? ['invalid_cursor' as const] : []),
    ...(offers?.prefer ? ofOperations : []),
    ...(offers?.idempotencyKey ? ofKeys : []),
    ...(offers?.ifMatch ? ['version_mismatch' as const] : []),
  ];
}
