import type { ErrorCode } from '../errors/error-catalogue.ts';
import { actRefusals } from '../http/shared-refusals.ts';

/** What asking for any change of holders, mandate or restrictions is refused for. */
export const changeRefusals = [
  ...actRefusals,
  'account_closed',
  'mandate_unreachable',
  'too_many_changes',
] as const satisfies readonly ErrorCode[];
