import type { Response } from 'express';
import type { Answer } from '../ledger/operation.ts';
import { sendProblem } from './problem.ts';

export interface Success {
  readonly status: number;
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
  sendSuccess(res, present(answer.outcome.result));
}

export function sendSuccess(res: Response, { status, body, headers = {} }: Success): void {
  res.status(status).set(headers).json(body);
}
