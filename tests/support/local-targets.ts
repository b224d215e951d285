import type { TargetRules } from '../../src/http/service-parts.ts';

/** Webhooks may go to receivers on this machine, by http too. */
export const localTargets: TargetRules = { allowHttp: true, allowed: [{ network: '127.0.0.1', prefix: 32 }] };
