import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Webhook as Signer } from 'standardwebhooks';
import type { TargetRules } from '../http/service-parts.ts';
import { guardedLookup } from './guarded-lookup.ts';
import {
  type EndpointAnswer,
  excerptBytes,
  excerptOf,
  explainError,
  isDelivered,
  type NoAnswer,
  readRetryAfter,
  type SendingOutcome,
  type SendingStage,
} from './sending-outcome.ts';
import { problemOfTarget } from './webhook-target.ts';

/** One message to one endpoint. */
export interface Webhook {
  readonly url: string;
  /** The same however often the message is sent; receivers know repetitions by it. */
  readonly id: string;
  readonly body: string;
  readonly contentType: string;
  /** As `createWebhookSecret` makes them: one, or two while one replaces the other. Each signs. */
  readonly secrets: readonly string[];
  /** When this attempt is made; receivers refuse what is far from their own clock. */
  readonly sentAt: Date;
  /** Of the span that sends it, for the receiver to go on from. */
  readonly traceparent?: string | undefined;
}

export interface SendingOptions {
  readonly rules: TargetRules;
  /** For all of it together: finding the address, connecting, sending, reading the answer. */
  readonly timeoutMs: number;
  /** Ends the attempt early. */
  readonly stop: AbortSignal;
  /** How host names are resolved, if not by the operating system. */
  readonly lookup?: LookupFunction;
}

/** Node gives an address of several 250 ms to connect, less than a receiver on the other side of the world needs. */
const addressAttemptMs = 2_000;

/**
 * Sends a message once, signed by the scheme of Standard Webhooks 1.0 (https://www.standardwebhooks.com). Never follows
 * a redirect, and never throws for what a receiver or the network does. What the host name resolves to is checked at
 * the moment it is connected to, so that a name gains nothing by resolving to something else than it did at
 * registration.
 */
export async function sendWebhook(webhook: Webhook, options: SendingOptions): Promise<SendingOutcome> {
  const startedAt = performance.now();
  const outcome = await attempt(webhook, options);
  return { ...outcome, ms: Math.round(performance.now() - startedAt) };
}

async function attempt(webhook: Webhook, options: SendingOptions): Promise<EndpointAnswer | NoAnswer> {
  const problem = problemOfTarget(webhook.url, options.rules);
  if (problem !== undefined) return { failure: 'target_not_allowed', detail: `The URL ${problem}.` };
  if (options.stop.aborted) return stopped;
  return await exchange(webhook, options);
}

const stopped: NoAnswer = { failure: 'stopped', detail: 'The service stopped before the answer came.' };

function exchange(
  webhook: Webhook,
  { rules, timeoutMs, stop, lookup }: SendingOptions,
): Promise<EndpointAnswer | NoAnswer> {
  return new Promise((resolve) => {
    const request = openRequest(webhook, rules, lookup);
    const stageNow = followStages(request);
    const chunks: Buffer[] = [];
    let answered: IncomingMessage | undefined;

    const end = (noAnswer: NoAnswer) => {
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
      request.destroy();
      // The receiver gave its word with the status, whatever ends the rest.
      resolve(answered === undefined ? noAnswer : readAnswer(answered, chunks));
    };
    const onStop = () => end(stopped);
    const onTimeout = () => {
      end({ failure: 'timeout', detail: `Not answered within ${timeoutMs} ms; the last step was ${stageNow()}.` });
    };
    const onEnd = () => end({ failure: 'connection_failed', detail: 'The connection was closed without an answer.' });

    stop.addEventListener('abort', onStop);
    const timer = setTimeout(onTimeout, timeoutMs);
    request.on('error', (error) => end(explainError(error, stageNow())));
    request.on('close', onEnd);
    request.on('response', (response) => {
      answered = response;
      let readBytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        readBytes += chunk.length;
        if (readBytes >= excerptBytes) onEnd();
      });
      response.on('error', onEnd);
      response.on('end', onEnd);
    });
    request.end(webhook.body);
  });
}

function readAnswer({ statusCode, headers }: IncomingMessage, chunks: readonly Buffer[]): EndpointAnswer {
  const answer = { status: statusCode!, answer: excerptOf(chunks) };
  const retryAfterSeconds = isDelivered(answer) ? undefined : readRetryAfter(headers['retry-after'], new Date());
  return retryAfterSeconds === undefined ? answer : { ...answer, retryAfterSeconds };
}

function openRequest(webhook: Webhook, rules: TargetRules, lookup: LookupFunction | undefined): ClientRequest {
  const { id, sentAt, body, traceparent } = webhook;
  const url = new URL(webhook.url);
  const headers = {
    'content-type': webhook.contentType,
    'user-agent': 'joint-ledger',
    ...(traceparent === undefined ? {} : { traceparent }),
    'webhook-id': id,
    'webhook-timestamp': `${Math.floor(sentAt.getTime() / 1_000)}`,
    'webhook-signature': webhook.secrets.map((secret) => new Signer(secret).sign(id, sentAt, body)).join(' '),
  };
  const { request } = url.protocol === 'https:' ? https : http;
  const connecting = { autoSelectFamilyAttemptTimeout: addressAttemptMs, lookup: guardedLookup(url, rules, lookup) };
  return request(url, { method: 'POST', agent: false, headers, ...connecting });
}

/** Answers what tells how far a request has come. */
function followStages(request: ClientRequest): () => SendingStage {
  let stage: SendingStage = isIP(request.host.replace(/^\[|\]$/g, '')) === 0 ? 'resolving' : 'connecting';
  request.on('socket', (socket) => {
    socket.once('lookup', (error: Error | null) => {
      if (!error) stage = 'connecting';
    });
    socket.once('connect', () => {
      stage = request.protocol === 'https:' ? 'securing' : 'waiting';
    });
    socket.once('secureConnect', () => {
      stage = 'waiting';
    });
  });
  return () => stage;
}
