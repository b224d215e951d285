import type { Event } from './known-api.ts';

/** What a test of an endpoint sends, about nothing that happened. */
export type EndpointTest = Omit<Event, 'type'> & { readonly type: 'webhook_endpoint.test' };

/** A webhook that is not what it should be: forged, changed, or too old. */
export class WebhookError extends Error {
  override name = 'WebhookError';
}

/** What arrived, and what it is held against. */
export interface ReceivedWebhook {
  /** The body as it arrived, byte for byte; a parsed and rewritten one has another signature. */
  readonly body: string | Uint8Array;
  /** Its headers, by names in lower case, or as `fetch` has them. */
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Of the endpoint; two while one takes the place of the other. */
  readonly secrets: readonly string[];
  /** How far its time may be from this clock; 300 seconds when left out. */
  readonly toleranceSeconds?: number;
  /** The time of this clock, for tests. */
  readonly now?: Date;
}

/**
 * Checks the signature of a webhook (Standard Webhooks 1.0, https://www.standardwebhooks.com), and answers the event
 * that it brings. Deliveries are repeated until they are answered with 2xx: pass over events whose `id` was seen.
 * Throws WebhookError.
 */
export async function verifyWebhook(received: ReceivedWebhook): Promise<Event | EndpointTest> {
  const { secrets, toleranceSeconds = 300, now = new Date() } = received;
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    headerOf(received.headers, name),
  ) as [string, string, string];
  const body = typeof received.body === 'string' ? new TextEncoder().encode(received.body) : received.body;
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), body);
  const given = signatures.split(' ').flatMap((part) => (part.startsWith('v1,') ? [part.slice('v1,'.length)] : []));
  const checks = secrets.flatMap((secret) => given.map((signature) => isSigned(secret, signature, signed)));
  if (!(await Promise.all(checks)).includes(true)) throw new WebhookError('The signature is not of these secrets.');
  const ageMs = Math.abs(now.getTime() - Number.parseInt(timestamp, 10) * 1_000);
  if (!(ageMs <= toleranceSeconds * 1_000)) throw new WebhookError('It was sent too long ago, or by another clock.');
  return JSON.parse(new TextDecoder().decode(body));
}

function headerOf(headers: ReceivedWebhook['headers'], name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value !== 'string') throw new WebhookError(`The header ${name} is missing.`);
  return value;
}

/** Compared by the platform, in a time that says nothing of where a forged signature differs. */
async function isSigned(secret: string, signature: string, signed: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const [key, sum] = [decode(secret.replace(/^whsec_/, '')), decode(signature)];
  if (key === undefined || sum === undefined) return false;
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const imported = await crypto.subtle.importKey('raw', key, hmac, false, ['verify']);
  return crypto.subtle.verify('HMAC', imported, sum, signed);
}

function decode(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return bytes.length === 0 ? undefined : bytes;
  } catch {
    return undefined;
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
