import type { Writable } from 'node:stream';
import type { Response } from 'express';
import type { Refusal } from '../errors/refusal.ts';
import type { Answer, Operation } from '../ledger/operation.ts';
import type { PostingEngine } from '../ledger/posting-engine.ts';
import { sendProblem } from './problem.ts';
import { logBrokenAnswer } from './request-log.ts';

export interface Success {
  readonly status: number;
  /** A document; the text itself where the route's media type is another than JSON; undefined for no body. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Whether it is the stored answer to an earlier request with the same idempotency key. */
  readonly replayed?: boolean;
}

/** An operation's refusal; what a route throws is answered without it. */
export interface Refused {
  readonly refusal: Refusal;
  readonly replayed: boolean;
}

/** An answer that goes on: status 200, and then whatever is written. */
export interface Streamed {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Where it is another than the route's. */
  readonly mediaType?: string;
  /** Whether it is a document with an end: when it breaks off, so does the connection, and no part is taken for it. */
  readonly isDocument?: boolean;
  /**
   * Called once, whatever became of the caller: writes until it is over, or the signal aborted because the caller has
   * gone (or never wanted the body). An error breaks the answer off.
   */
  write(to: Writable, signal: AbortSignal): Promise<void>;
}

/** What a route answers. */
export type Reply = Success | Refused | Streamed;

/** 200 with a document. */
export function ok(body: unknown): Success {
  return { status: 200, body };
}

/** What `present` makes of an operation's result, with the entity tag of its first account; or its refusal. */
export function answered<Result>({ outcome, replayed }: Answer<Result>, present: (result: Result) => Success): Reply {
  if ('refusal' in outcome) return { refusal: outcome.refusal, replayed };
  const { status, body, headers } = present(outcome.result);
  if (outcome.etag === undefined) return { status, body, headers, replayed };
  // What the presenter knows better (the tag of an account that was just opened) goes before.
  return { status, body, headers: { ETag: outcome.etag, ...headers }, replayed };
}

/**
 * Carries an operation out and answers what `present` makes of its result.
 *
 * @example
 * return perform(engine, createOperation(closeAccount, { accountId }, options), presentAccount);
 */
export async function perform<Result>(
  engine: PostingEngine,
  operation: Operation<Result>,
  present: (result: Result) => Success,
): Promise<Reply> {
  return answered(await engine.submit(operation), present);
}

const json = 'application/json; charset=utf-8';

/** @param mediaType That of the route; JSON where it names none. */
export function sendReply(res: Response, reply: Reply, mediaType = json): void | Promise<void> {
  if ('write' in reply) return sendStream(res, reply, mediaType);
  if (reply.replayed) res.setHeader('Idempotent-Replayed', 'true');
  if ('refusal' in reply) sendProblem(res, reply.refusal);
  else sendSuccess(res, reply, mediaType);
}

/** Written in one go: on the way of every movement, express' own ways of sending cost as much as deciding it does. */
function sendSuccess(res: Response, { status, body, headers }: Success, mediaType: string): void {
  if (body === undefined) {
    res.writeHead(status, headers).end();
    return;
  }
  const text = mediaType === json ? JSON.stringify(body) : String(body);
  res.writeHead(status, { 'Content-Type': mediaType, 'Content-Length': Buffer.byteLength(text), ...headers });
  res.end(text);
}

async function sendStream(res: Response, streamed: Streamed, mediaType: string): Promise<void> {
  const { headers, isDocument = false, write } = streamed;
  const gone = new AbortController();
  res.on('close', () => gone.abort());
  if (res.destroyed || res.req.method === 'HEAD') gone.abort();
  // Proxies that gather answers (X-Accel-Buffering, of nginx) would keep back what is meant to be read now.
  const type = streamed.mediaType ?? mediaType;
  if (!res.destroyed) res.writeHead(200, { 'Content-Type': type, 'X-Accel-Buffering': 'no', ...headers });
  try {
    await write(res, gone.signal);
  } catch (error) {
    if (isDocument) {
      logBrokenAnswer(res, 'error', error, 'an answer broke off before its end');
      res.destroy();
    } else logBrokenAnswer(res, 'warn', error, 'an event stream broke; its reader comes again');
  } finally {
    // What a reader does not take in would keep a process that stops waiting.
    if (res.writableNeedDrain) res.destroy();
    else res.end();
  }
}
