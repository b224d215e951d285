import type { Response } from 'express';
import { type TraceSpan, tracing } from '../tracing/tracer.ts';

/** The span of a request; undefined where nothing is traced. */
export function requestSpanOf(res: Response): TraceSpan | undefined {
  return res.locals.span;
}

/**
 * Begins the span of a request, which goes on from its `traceparent`, and calls `next` as its work. Without tracing it
 * only calls `next`. Of the request it has the method and the pattern of its path: ids, headers, query and body don't
 * belong there.
 */
export function traceRequest(res: Response, next: () => void): void {
  const { tracer } = tracing;
  if (tracer === undefined) {
    next();
    return;
  }
  const { method, headers } = res.req;
  const parent = headers.traceparent;
  const span = tracer.start(method, {
    kind: 'server',
    parent: typeof parent === 'string' ? parent : null,
    attributes: { 'http.request.method': method, 'url.scheme': 'http' },
  });
  res.locals.span = span;
  span.run(next);
}

/** Ends it when all was answered, or the caller hung up. */
export function endRequestSpan(res: Response, route: string | undefined, status: number | undefined): void {
  const span = requestSpanOf(res);
  if (span === undefined) return;
  if (route !== undefined) span.rename(`${res.req.method} ${route}`);
  const isFailed = status === undefined || status >= 500;
  span.end(
    {
      ...(route === undefined ? {} : { 'http.route': route }),
      ...(status === undefined ? { 'error.type': 'aborted' } : { 'http.response.status_code': status }),
    },
    isFailed,
  );
}
