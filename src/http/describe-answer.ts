import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { RefusalError } from '../errors/refusal.ts';
import { type RequestLogOptions, requestLog } from './request-log.ts';
import { traceRequest } from './request-span.ts';

/**
 * Comes before every route: headers of every answer, a request id that the log and problem documents share, and the
 * beginning of the request's log. Throws RefusalError `malformed_request` where HTTP/1.1 comes without a host (RFC
 * 9112, section 3.2).
 */
export function describeAnswer({ draining, ...options }: RequestLogOptions & { draining: AbortSignal }): {
  handler: RequestHandler;
  begin(req: Request, res: Response): void;
} {
  const beginLog = requestLog(options);
  function begin(req: Request, res: Response): void {
    beginLog(res);
    const proposed = req.get('X-Request-Id');
    const requestId = proposed !== undefined && /^[\w.:-]{1,128}$/.test(proposed) ? proposed : randomUUID();
    res.locals.requestId = requestId;
    res.setHeader('X-Request-Id', requestId);
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Cache-Control', 'no-store');
  }
  const handler: RequestHandler = (req, res, next) => {
    if (res.locals.requestId === undefined) begin(req, res);
    // Node reads nothing more from a connection whose upgrade nobody takes up.
    if (draining.aborted || req.headers.upgrade !== undefined) res.setHeader('Connection', 'close');
    if (req.headers.host === undefined && req.httpVersion === '1.1') {
      res.setHeader('Connection', 'close');
      throw new RefusalError('malformed_request', 'Send a Host header, which HTTP/1.1 asks for.');
    }
    traceRequest(res, next);
  };
  return { handler, begin };
}
