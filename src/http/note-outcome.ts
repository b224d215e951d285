import { isIP } from 'node:net';
import type { Response } from 'express';
import { validate } from 'uuid';
import type { ErrorCode } from '../errors/error-catalogue.ts';
import type { AuditNote, AuditTrail } from './audit-note.ts';
import type { Caller } from './caller.ts';
import { problemStatus } from './problem-status.ts';
import { fillPattern, findRoutePattern } from './route-pattern.ts';

/** What of a route decides whether its calls are noted, and how. */
interface NotedRoute {
  readonly method: string;
  readonly path: string;
  readonly id?: string;
  readonly audited?: true;
}

/** What the application keeps for `noteOutcome`. */
export interface AuditedRoutes {
  readonly trail: AuditTrail;
  /** The paths of all routes, each once, in their order. */
  readonly patterns: readonly string[];
  /** By method and path. */
  readonly routes: ReadonlyMap<string, NotedRoute>;
}

export function auditedRoutes(trail: AuditTrail, routes: readonly NotedRoute[]): AuditedRoutes {
  return {
    trail,
    patterns: [...new Set(routes.map(({ path }) => path))],
    routes: new Map(routes.map((route) => [`${route.method} ${route.path}`, route])),
  };
}

/** Refusals that are noted of every route: of who may do what, and of how much. */
const alwaysNoted = new Set([401, 403, 429]);

/** Notes that a call of a route with `audited` succeeded. `body` is what it is answered with. */
export function noteSuccess(res: Response, status: number, body: unknown): void {
  const isAbout = typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'string';
  const subjectId = isAbout && validate(body.id as string) ? (body.id as string) : null;
  noteOutcome(res, { status, code: null, subjectId });
}

/** Notes a refusal, where its status or its route is one to be noted. That of an unknown key has no ledger. */
export function noteRefusal(res: Response, code: ErrorCode): void {
  noteOutcome(res, { status: problemStatus[code], code, subjectId: null });
}

function noteOutcome(res: Response, outcome: Pick<AuditNote, 'status' | 'code' | 'subjectId'>): void {
  const audit: AuditedRoutes | undefined = res.app.locals.audit;
  const caller: Caller | undefined = res.locals.caller;
  if (audit === undefined || caller === undefined) return;
  const { req } = res;
  // Refusals may come before the request has found its route.
  const pattern: string | undefined = res.locals.route ?? findRoutePattern(audit.patterns, req.originalUrl);
  const method = req.method === 'HEAD' ? 'get' : req.method.toLowerCase();
  const route = audit.routes.get(`${method} ${pattern}`);
  if (!route?.audited && !alwaysNoted.has(outcome.status!)) return;
  audit.trail.note({
    ledgerId: caller.ledgerId,
    keyId: caller.keyId,
    partyId: caller.boundParty,
    channel: caller.authentication.channel,
    action: route?.id ?? null,
    method: req.method,
    path: pattern === undefined ? null : fillPattern(pattern, req.originalUrl, validate),
    ...outcome,
    // A proxy may pass on anything as one.
    address: isIP(req.ip ?? '') === 0 ? null : req.ip!,
    requestId: res.locals.requestId,
  });
}
