import type { Response } from 'express';
import type { Logger } from 'pino';
import type { Refusal } from '../errors/refusal.ts';
import { metrics } from '../metrics/service-metrics.ts';
import { problemStatus } from './problem-status.ts';
import { endRequestSpan } from './request-span.ts';
import { findRoutePattern } from './route-pattern.ts';

export interface RequestLogOptions {
  readonly logger: Logger;
  /** The paths of all routes of the application, each once. */
  readonly patterns: readonly string[];
}

/**
 * Begins the log of requests: one line for each that was refused or failed, and at level debug for all; all are
 * measured. What it needs is kept in `res.locals`. No line has anything of a body or a query, and of the path only its
 * pattern: ids and names of the callers' customers don't belong into a log.
 */
export function requestLog(options: RequestLogOptions): (res: Response) => void {
  return (res) => {
    res.locals.requestLog = options;
    res.locals.startedAt = performance.now();
    res.on('close', () => noteEnd(res));
  };
}

/** For a request that is answered with a problem document: `error` is what it came from, where that is known. */
export function logRefusal(res: Response, { code }: Refusal, error?: unknown): void {
  const status = problemStatus[code];
  if (status < 500) logOnce(res, 'info', { status, code }, 'request refused');
  else logOnce(res, code === 'internal_error' ? 'error' : 'warn', { status, code, err: error }, 'request failed');
}

/** For an answer that began well and could not be finished. */
export function logBrokenAnswer(res: Response, level: 'warn' | 'error', error: unknown, message: string): void {
  logOnce(res, level, { status: res.statusCode, err: error }, message);
}

/** Every request comes here at last; the caller hung up, and nothing was answered, where there is no status. */
function noteEnd(res: Response): void {
  const status = res.headersSent ? res.statusCode : undefined;
  const labels = { method: res.req.method, route: routeOf(res) ?? 'none', status: status ?? 'aborted' };
  endRequestSpan(res, routeOf(res), status);
  metrics.requests.observe(labels, (performance.now() - res.locals.startedAt) / 1000);
  logOnce(res, 'debug', { status }, 'request');
}

/** The path of the route that was called; also of requests that were refused before they came to it. */
function routeOf({ locals, req }: Response): string | undefined {
  return locals.route ?? findRoutePattern((locals.requestLog as RequestLogOptions).patterns, req.originalUrl);
}

type Level = 'debug' | 'info' | 'warn' | 'error';

function logOnce(res: Response, level: Level, facts: Readonly<Record<string, unknown>>, message: string): void {
  const { locals, req } = res;
  if (locals.isLogged) return;
  locals.isLogged = true;
  const { logger } = locals.requestLog as RequestLogOptions;
  if (!logger.isLevelEnabled(level)) return;
  const { requestId, caller, startedAt } = locals;
  const ms = Math.round(performance.now() - startedAt);
  logger[level]({ requestId, method: req.method, route: routeOf(res), ...facts, keyId: caller?.keyId, ms }, message);
}
