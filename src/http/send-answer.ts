import type { Response } from 'express';
import type { Answer } from '../ledger/operation.ts';
import { sendProblem } from './problem.ts';

export interface Success {
  readonly status: number;
  /** Undefined where there is nothing to say. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers an operation's outcome: what `present` makes of its result, or its refusal as a problem document. */
export function sendAnswer<Result>(res: Response, answer: Answer<Result>, present: (result: Result) => Success): void {
  if (answer.replayed) res.setHeader('Idempotent-Replayed', 'true');
  if ('refusal' in answer.outcome) {
    sendProblem(res, answer.outcome.refusal);
    return;
  }
  const { result, etag } = answer.outcome;
  const success = present(result);
  // What the presenter knows better (the tag of an account that was just opened) goes before.
  sendSuccess(res, etag === undefined ? success : { ...success, headers: { ETag: etag, ...success.headers } });
}

/** Written in one go: on the way of every movement, express' own ways of sending cost as much as deciding it does. */
export function sendSuccess(res: Response, { status, body, headers }: Success): void {
  if (body === undefined) {
    res.writeHead(status, headers).end();
    return;
  }
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  });
  res.end(text);
}
