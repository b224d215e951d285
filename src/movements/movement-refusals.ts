import type { ErrorCode } from '../errors/error-catalogue.ts';

/** What a movement that only brings money is refused for by `checkMovement`, before it comes to its booking. */
export const creditRefusals = [
  'key_not_allowed',
  'account_not_found',
  'party_not_found',
  'clearing_account',
  'not_a_holder',
  'right_missing',
  'account_closed',
  'currency_mismatch',
  'account_restricted',
  'balance_limit_exceeded',
] as const satisfies readonly ErrorCode[];

/** What a movement is refused for that takes money as well. */
export const debitRefusals = [
  ...creditRefusals,
  'limit_exceeded',
  'insufficient_funds',
  'mandate_unreachable',
] as const satisfies readonly ErrorCode[];
