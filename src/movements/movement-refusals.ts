import type { ErrorCode } from '../errors/error-catalogue.ts';
import { accountActRefusals } from '../http/shared-refusals.ts';

/** What a movement that only brings money is refused for by `checkMovement`, before it comes to its booking. */
export const creditRefusals = [
  ...accountActRefusals,
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
