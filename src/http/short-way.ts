import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { makeUpKey, type OperationOptions } from '../ledger/operation.ts';
import { tracing } from '../tracing/tracer.ts';
import type { Caller } from './caller.ts';
import { keepBody } from './json-body.ts';
import { hashRequest } from './operation-options.ts';
import { answerErrors } from './problem.ts';
import { idempotencyKeyForm } from './read-input.ts';
import { findRepeatedHeader } from './repeated-header.ts';
import { type Reply, sendReply } from './reply.ts';
import type { Route } from './route.ts';
import type { ServiceParts } from './service-parts.ts';

/** What the short way uses of the long one. */
export interface LongWay {
  /** Who calls with this `Authorization`, where that is known without asking anybody. */
  recall(authorization: string | undefined): Caller | undefined;
  /** What every answer begins with. */
  begin(req: Request, res: Response): void;
  /** Goes the long way. */
  go(req: Request, res: Response): void;
}

/** More than any body of a single movement without metadata; all that goes this way comes in one piece. */
const maxBytes = 4_096;

const id = '([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})';

/** Any of these asks for something that is not plain. */
const unusual = ['transfer-encoding', 'content-encoding', 'expect', 'upgrade', 'prefer', 'if-match'];

/**
 * A short way for what nearly all requests are that move money: a `POST` with a key of the service, without a query,
 * with nothing but ordinary headers, and with a body that `plain` of its route can read. It does what the long way
 * through Express does, and answers with the same functions; whatever is not plainly right goes the long way, so all
 * refusals of a request come from there (docs/adr/0036).
 *
 * Answers false where the request has not been touched.
 */
export function createShortWay(
  routes: readonly Route[],
  parts: ServiceParts,
  longWay: LongWay,
): (req: Request, res: Response) => boolean {
  const hot = routes.flatMap((route) => (isHot(route) ? [hotRoute(route)] : []));
  if (parts.requireTls || parts.rateLimits.service !== null) return () => false;

  return (req, res) => {
    if (req.method !== 'POST' || tracing.tracer !== undefined || parts.draining.aborted) return false;
    const { url } = req;
    const at = hot.findIndex(({ path }) => path.test(url));
    if (at === -1) return false;
    const { route, path, param } = hot[at]!;
    const caller = longWay.recall(req.headers.authorization);
    if (caller?.boundParty !== null || !caller.scopes.includes(route.scope!) || !isPlain(req)) return false;
    // As Express makes them ready.
    req.res = res;
    req.originalUrl = url;
    res.locals = Object.create(null);
    longWay.begin(req, res);
    res.locals.caller = caller;
    res.locals.route = route.path;
    const answer = async (bytes: Buffer | undefined) => {
      const sent = bytes === undefined ? undefined : parsePlain(bytes);
      const body = sent === undefined ? undefined : route.plain!(sent);
      if (sent === undefined || body === undefined) {
        if (bytes !== undefined) keepBody(req, bytes);
        longWay.go(req, res);
        return;
      }
      const params = param === undefined ? undefined : { [param]: path.exec(url)![1] };
      const options = optionsOf(req, res, caller, sent);
      const call = { caller, params, body, query: {}, sent, options, lastEventId: undefined, host: undefined };
      const handle = route.handle as (call: object, parts: ServiceParts) => Promise<Reply>;
      await sendReply(res, await handle(call, parts));
    };
    readAll(req, (bytes) => {
      answer(bytes).catch((error) => answerErrors(error, req, res, () => {}));
    });
    return true;
  };
}

/** Of batches, the body is all that matters. What else a contract may ask for, only the long way sees to. */
function isHot({ plain, method, keys, offers, query, mediaType, audited, sameSiteOnly }: Route): boolean {
  const asksForMore = keys !== 'any' || query !== undefined || mediaType !== undefined || audited || sameSiteOnly;
  return plain !== undefined && method === 'post' && offers?.ifMatch === true && !asksForMore;
}

function hotRoute(route: Route) {
  const param = /:(\w+)/.exec(route.path)?.[1];
  return { route, param, path: new RegExp(`^${route.path.replace(/:\w+/, id)}$`) };
}

function isPlain({ headers, rawHeaders, httpVersion }: Request): boolean {
  const length = headers['content-length'];
  if (headers['content-type'] !== 'application/json' || length === undefined) return false;
  if (Number.parseInt(length, 10) > maxBytes) return false;
  if (headers.host === undefined || httpVersion !== '1.1') return false;
  for (const name of unusual) if (headers[name] !== undefined) return false;
  const key = headers['idempotency-key'];
  if (key !== undefined && !(typeof key === 'string' && idempotencyKeyForm.test(key))) return false;
  return findRepeatedHeader(rawHeaders) === undefined;
}

/** Undefined where the connection was gone before the end. */
function readAll(req: IncomingMessage, done: (bytes: Buffer | undefined) => void): void {
  const chunks: Buffer[] = [];
  let isDone = false;
  const end = (bytes: Buffer | undefined) => {
    if (isDone) return;
    isDone = true;
    done(bytes);
  };
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => end(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
  req.on('close', () => end(undefined));
}

const quote = '"'.charCodeAt(0);
const backslash = '\\'.charCodeAt(0);

/**
 * An object of strings and nothings, in which no field stands twice: then it has as many quotes as its names and
 * strings have, and it escapes nothing. Undefined for anything else, be it right or wrong.
 */
function parsePlain(bytes: Buffer): Record<string, unknown> | undefined {
  let quotes = 0;
  for (const byte of bytes) {
    if (byte === quote) quotes++;
    else if (byte === backslash || byte >= 0x80) return;
  }
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString('latin1'));
  } catch {
    return;
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return;
  let expected = 0;
  for (const name in document) {
    const value: unknown = document[name as keyof typeof document];
    if (value !== null && typeof value !== 'string') return;
    expected += value === null ? 2 : 4;
  }
  return expected === quotes ? (document as Record<string, unknown>) : undefined;
}

function optionsOf(req: Request, res: Response, { ledgerId }: Caller, sent: object): OperationOptions {
  return {
    ledgerId,
    idempotencyKey: (req.headers['idempotency-key'] as string | undefined) ?? makeUpKey(),
    requestHash: hashRequest('POST', req.url, sent),
    lockTimeoutMs: undefined,
    dryRun: false,
    expectedTag: undefined,
    isAbandoned: () => res.destroyed,
    span: undefined,
  };
}
