import { z } from 'zod';
import { count } from '../ledger/document-fields.ts';
import { AddressNotAllowedError } from './guarded-lookup.ts';

/** The receiver's word; the status is what counts. */
export const answerFields = {
  status: z.int(),
  /** What the answer begins with, fit to be stored. */
  answer: z.string(),
  /** For how long the receiver wants no other try, up to the longest pause; only of an answer that is no success. */
  retryAfterSeconds: count.exactOptional(),
};

export type EndpointAnswer = Readonly<z.output<z.ZodObject<typeof answerFields>>>;

/** Why there is no answer. The receiver may have read the message all the same. */
export const noAnswerFields = {
  failure: z.enum([
    'target_not_allowed',
    'secret_unreadable',
    'name_not_resolved',
    'connection_failed',
    'tls_failed',
    'answer_unreadable',
    'timeout',
    'stopped',
  ]),
  /** For the endpoint's owner, fit to be stored. */
  detail: z.string(),
};

export type NoAnswer = Readonly<z.output<z.ZodObject<typeof noAnswerFields>>>;

/** What became of one attempt, and how long it took. */
export type SendingOutcome = (EndpointAnswer | NoAnswer) & { readonly ms: number };

/** How far an attempt has come. */
export type SendingStage = 'resolving' | 'connecting' | 'securing' | 'waiting';

/** How much of an answer is read and kept. */
export const excerptBytes = 1_024;

/** No receiver can keep a message waiting for longer from one try to the next. */
export const maxPauseMs = 4 * 3_600_000;

/** Whether the receiver has taken the message: any status from 200 to 299. */
export function isDelivered(outcome: EndpointAnswer | NoAnswer): boolean {
  return 'status' in outcome && outcome.status >= 200 && outcome.status < 300;
}

/** The first bytes of an answer as text that PostgreSQL can hold: no NUL, no broken characters, none cut in two. */
export function excerptOf(chunks: readonly Buffer[]): string {
  const bytes = Buffer.concat(chunks).subarray(0, excerptBytes);
  // As of a stream that goes on, so that a character of which the rest is missing is left out.
  return new TextDecoder().decode(bytes, { stream: true }).replaceAll('\0', '\ufffd');
}

/**
 * The dates of HTTP (RFC 9110, section 5.6.7): today's form, that of RFC 850, and that of asctime, which is in UTC
 * too.
 */
const httpDates = [
  /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/,
  /^[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/,
];

/**
 * The seconds that a `Retry-After` asks for (RFC 9110, section 10.2.3: a number of seconds, or a date), at most those
 * of the longest pause. Undefined for what is neither, and for a date that has passed.
 */
export function readRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  const longest = maxPauseMs / 1_000;
  if (/^\d+$/.test(header)) return Math.min(longest, Number.parseInt(header, 10));
  if (!httpDates.some((form) => form.test(header))) return undefined;
  const at = Date.parse(header.endsWith('GMT') ? header : `${header} GMT`);
  const seconds = Math.ceil((at - now.getTime()) / 1_000);
  return seconds > 0 ? Math.min(longest, seconds) : undefined;
}

/** What an error of the network means, by how far the attempt had come. */
export function explainError(error: NodeJS.ErrnoException, stage: SendingStage): NoAnswer {
  // Which address it is would tell the endpoint's owner how names resolve in here.
  if (error instanceof AddressNotAllowedError) {
    return { failure: 'target_not_allowed', detail: 'The host name resolves to an address that is not public.' };
  }
  // Certificates have names in them that their issuer chose.
  const detail = excerptOf([Buffer.from(error.message || `${error.code}`)]);
  if (stage === 'resolving') return { failure: 'name_not_resolved', detail };
  if (stage === 'securing') return { failure: 'tls_failed', detail };
  if (error.code?.startsWith('HPE_')) return { failure: 'answer_unreadable', detail };
  return { failure: 'connection_failed', detail };
}
