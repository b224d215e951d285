import type { ErrorCode } from '../errors/error-catalogue.ts';

/** What asking for any change of holders, mandate or restrictions is refused for. */
export const changeRefusals = [
  'key_not_allowed',
  'party_not_found',
  'not_a_holder',
  'right_missing',
  'account_closed',
  'mandate_unreachable',
  'too_many_changes',
] as const satisfies readonly ErrorCode[];
