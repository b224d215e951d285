import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { databaseRefusal } from '../database/ledger-transaction.ts';
import { errorTitles } from '../errors/error-catalogue.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { type Refusal, RefusalError, refusal } from '../errors/refusal.ts';
import { errorCode } from '../ledger/document-fields.ts';
import { AbandonedError } from '../ledger/posting-engine.ts';
import { metrics } from '../metrics/service-metrics.ts';
import { noteRefusal } from './note-outcome.ts';
import { problemStatus } from './problem-status.ts';
import { logBrokenAnswer, logRefusal } from './request-log.ts';

/**
 * Answers a refusal as a problem document (RFC 9457), and logs it. The fact `retryAfterSeconds` becomes the
 * `Retry-After` header, all others become members of the document. `error` is what the refusal came from, for the log.
 */
export function sendProblem(res: Response, refused: Refusal, error?: unknown): void {
  const { code, facts } = refused;
  metrics.refusals.inc({ code });
  logRefusal(res, refused, error);
  noteRefusal(res, code);
  const retryAfterSeconds = facts?.retryAfterSeconds;
  if (retryAfterSeconds !== undefined) res.setHeader('Retry-After', String(retryAfterSeconds));
  if (code === 'unauthorized') res.setHeader('WWW-Authenticate', 'Bearer realm="joint-ledger"');
  res.status(problemStatus[code]).type(problemMediaType).send(problemDocument(refused, res.locals.requestId));
}

/** What every problem document says; many say more. In a batch, that of an item has no `requestId`. */
export const problemMembers = {
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: errorCode,
};

export const problemMediaType = 'application/problem+json';

export function problemDocument(refused: Refusal, requestId: string): string {
  return JSON.stringify(presentProblem(refused, { requestId }));
}

/** A refusal as the members of a problem document; `context` goes before what the refusal itself has to say. */
export function presentProblem({ code, detail, facts }: Refusal, context: Readonly<Record<string, unknown>> = {}) {
  const { retryAfterSeconds: _header, ...members } = facts ?? {};
  const [title, status] = [errorTitles[code], problemStatus[code]];
  return { type: `/errors#${code}`, title, status, detail, code, ...context, ...members };
}

/** What raw-body calls the ways in which a body cannot be read. */
const bodyErrors: Readonly<Record<string, Refusal>> = {
  'request.aborted': refusal('malformed_json', 'The body ended before its announced length.'),
  'stream.not.readable': refusal('malformed_json', 'The body ended before it was read.'),
  'request.size.invalid': refusal('malformed_json', 'The body does not have its announced length.'),
};

/** The router decodes a part of the path before it knows of any schema, and does not say which part failed. */
const { refusal: undecodableAddress } = invalidInput(
  [{ path: '', message: 'the address must be UTF-8 in valid percent-encoding' }],
  'path',
);

const unforeseen = refusal('internal_error', 'Something failed that should not. The log has it under the requestId.');

/**
 * Turns whatever was thrown into a problem document. What nobody foresaw is logged whole and answered without detail.
 */
export const answerErrors: ErrorRequestHandler = (error, _req, res, _next) => {
  if (res.headersSent) {
    logBrokenAnswer(res, 'error', error, 'request failed in the middle of its answer');
    // The caller must not take what it has for all of it.
    res.destroy();
    return;
  }
  // There is nobody to answer, and nothing went wrong here.
  if (error instanceof AbandonedError) return;
  sendProblem(res, knownRefusal(error) ?? unforeseen, error);
};

function knownRefusal(error: unknown): Refusal | undefined {
  if (error instanceof RefusalError) return error.refusal;
  const ofDatabase = databaseRefusal(error);
  if (ofDatabase !== undefined) return ofDatabase.refusal;
  if (error instanceof URIError) return undecodableAddress;
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  if (type === 'entity.too.large') return tooLarge(error as { limit: number });
  return typeof type === 'string' ? bodyErrors[type] : undefined;
}

function tooLarge({ limit }: { limit: number }): Refusal {
  return refusal('payload_too_large', `The body may have at most ${limit / 1024} KiB here.`);
}

export const routeNotFound: RequestHandler = (req) => {
  throw new RefusalError('route_not_found', `There is nothing at ${req.path}.`);
};

/** For the end of a route: every method it does not take. */
export function methodNotAllowed(allowed: string): RequestHandler {
  return (req, res) => {
    res.setHeader('Allow', allowed);
    throw new RefusalError('method_not_allowed', `${req.method} is not possible here, only ${allowed}.`);
  };
}
