import { buildRequest, type Place } from './build-request.ts';
import { followEvents } from './follow-events.ts';
import { type Event, type Operations, operations } from './known-api.ts';
import { defaultRetry, type RetryOptions } from './retry-plan.ts';
import { type Answered, type Opened, openCall, type Sending, sendCall } from './send-call.ts';

export type * from './known-api.ts';
export { type FailedCall, LedgerError, UnansweredError } from './ledger-error.ts';
export type { RetryOptions } from './retry-plan.ts';
export type { Answered, Opened } from './send-call.ts';
export { type EndpointTest, type ReceivedWebhook, verifyWebhook, WebhookError } from './verify-webhook.ts';

export interface ClientOptions {
  /** Where the service is: `http://127.0.0.1:3000`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** How calls are tried again; what is left out is as by default. */
  readonly retry?: Partial<RetryOptions>;
  /** The platform's own by default. */
  readonly fetch?: typeof fetch;
}

/** How a call is made. */
export interface CallOptions {
  /** Of a key of your own, what you make again after a crash happens once. By default one is made up for each call. */
  readonly idempotencyKey?: string;
  /** For how many seconds the service may wait for accounts that others have locked; with 0 it refuses at once. */
  readonly waitSeconds?: number;
  /** The `ETag` of the account as it was read; the call is refused with `version_mismatch` when it has changed. */
  readonly ifMatch?: string;
  /** Ends the call, its attempts and pauses; it may have taken effect. */
  readonly signal?: AbortSignal;
}

type Name = keyof Operations;
type Input<Of extends Name> = Operations[Of]['input'];
type DryAnswer<Of extends Name> = Operations[Of] extends { dryAnswer: infer Dry } ? Dry : never;

/** What a call takes may be left out where it takes nothing that is required. */
type Taken<Of extends Name, More = unknown> =
  Record<never, never> extends Input<Of>
    ? [input?: Input<Of> & More, options?: CallOptions]
    : [input: Input<Of> & More, options?: CallOptions];

/** One call; with `dryRun: true` it says what would happen. */
type Call<Of extends Name> = Operations[Of] extends { dryAnswer: unknown }
  ? {
      (...taken: Taken<Of, { readonly dryRun: true }>): Promise<DryAnswer<Of>>;
      (...taken: Taken<Of, { readonly dryRun?: false }>): Promise<Operations[Of]['answer']>;
    }
  : (...taken: Taken<Of>) => Promise<Operations[Of]['answer']>;

type Calls = { readonly [Of in Name]: Call<Of> };

/** The calls that answer a page of a list. */
type ListName = {
  [Of in Name]: Operations[Of]['answer'] extends { data: readonly unknown[]; nextCursor: string | null } ? Of : never;
}[Name];
type Item<Of extends ListName> = Operations[Of]['answer'] extends { data: ReadonlyArray<infer One> } ? One : never;

/** The calls that answer a document in a format of choice. */
type FormattedName = { [Of in Name]: 'format' extends keyof Input<Of> ? Of : never }[Name];

/** All calls of the service by their names, and what goes on over several of them. */
export interface Client extends Calls {
  /** Makes a call, and answers its status and headers as well. */
  call<Of extends Name>(
    name: Of,
    input: Input<Of>,
    options?: CallOptions,
  ): Promise<Answered<Operations[Of]['answer'] | DryAnswer<Of>>>;
  /**
   * A document in the format that `format` names, as it comes: for what is no JSON, and for what is long. It is whole
   * when its body ends; reading one that breaks off throws.
   */
  open<Of extends FormattedName>(name: Of, input: Input<Of>, options?: Pick<CallOptions, 'signal'>): Promise<Opened>;
  /** The items of a list, page after page, as they are asked for. */
  each<Of extends ListName>(
    name: Of,
    ...taken: Record<never, never> extends Input<Of>
      ? [input?: Input<Of>, options?: Pick<CallOptions, 'signal'>]
      : [input: Input<Of>, options?: Pick<CallOptions, 'signal'>]
  ): AsyncGenerator<Item<Of>, void>;
  /**
   * What happens from now on, or behind a cursor: the `id` of an event, or `begin`. It goes on over broken connections,
   * and ends by an error or when it is left.
   */
  events(input?: EventsAsked, options?: Pick<CallOptions, 'signal'>): AsyncGenerator<Event, never>;
}

export interface EventsAsked {
  readonly cursor?: string;
  /** All when left out. */
  readonly types?: ReadonlyArray<Event['type']>;
  readonly accountId?: string;
}

/**
 * Makes a client of one ledger. What can be sent again safely is, with the same idempotency key, until it is answered
 * for good: after refusals that pass, broken connections, and answers that do not come. Calls throw LedgerError,
 * UnansweredError and TypeError for options that make no request.
 *
 * @example
 * const ledger = createClient({ baseUrl: 'http://127.0.0.1:3000', apiKey });
 * const made = await ledger.createTransfer({ fromAccountId, toAccountId, amount: '40.00', currency: 'USD' });
 * if (made.kind === 'payment_order') ask(made.multiAuthorisation.missingFrom);
 */
export function createClient({ baseUrl, apiKey, retry, fetch: fetcher = fetch }: ClientOptions): Client {
  const origin = baseUrl.replace(/\/+$/, '');
  const authorization = { Authorization: `Bearer ${apiKey}` };
  const patience = { ...defaultRetry, ...retry };

  function sendingOf(name: Name, input: object, options: CallOptions): Sending {
    const place: Place = operations[name];
    const { url, body } = buildRequest(origin, place, input as Record<string, unknown>);
    const key = place.hasKey ? (options.idempotencyKey ?? crypto.randomUUID()) : undefined;
    const headers = {
      ...authorization,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      ...(options.waitSeconds === undefined ? {} : { Prefer: `wait=${options.waitSeconds}` }),
      ...(options.ifMatch === undefined ? {} : { 'If-Match': options.ifMatch }),
    };
    const isRepeatable = key !== undefined || place.method !== 'POST';
    const { method } = place;
    const sending = { operation: name, url, method, headers, body, idempotencyKey: key, isRepeatable };
    return { ...sending, signal: options.signal };
  }

  async function call(name: Name, input: object = {}, options: CallOptions = {}): Promise<Answered> {
    const { format = 'json' } = input as { format?: string };
    if (format !== 'json') throw new TypeError(`What is no JSON is read by open('${name}', ...).`);
    return sendCall(fetcher, sendingOf(name, input, options), patience);
  }

  const open = async (name: FormattedName, input: object, options: CallOptions = {}) =>
    openCall(fetcher, sendingOf(name, input, options), patience);

  async function* each(name: ListName, input: object = {}, options: CallOptions = {}) {
    let cursor = (input as { cursor?: string | null }).cursor ?? null;
    for (;;) {
      const asked = cursor === null ? input : { ...input, cursor };
      const { body } = await call(name, asked, options);
      const { data, nextCursor } = body as { data: unknown[]; nextCursor: string | null };
      yield* data;
      // The log's last page names the place where it was asked.
      if (nextCursor === null || nextCursor === cursor) return;
      cursor = nextCursor;
    }
  }

  function events({ types, ...asked }: EventsAsked = {}, { signal }: CallOptions = {}) {
    const place = { path: '/v1/events/stream', query: ['cursor', 'types', 'accountId'], hasBody: false };
    const input = { ...asked, types: types?.join(',') };
    const { url } = buildRequest(origin, { ...place, method: 'GET', hasKey: false }, input);
    return followEvents(fetcher, { url, headers: authorization, signal }, patience);
  }

  const named = Object.keys(operations).map((name) => [
    name,
    async (input?: object, options?: CallOptions) => (await call(name as Name, input, options)).body,
  ]);
  return { ...Object.fromEntries(named), call, open, each, events } as Client;
}
