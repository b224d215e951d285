import type { z } from 'zod';
import type { ErrorCode } from '../errors/error-catalogue.ts';
import type { Scope } from '../ledger/key-scopes.ts';
import type { OperationOptions } from '../ledger/operation.ts';
import type { Caller } from './caller.ts';
import type { Reply } from './reply.ts';
import type { HealthParts, ServiceParts } from './service-parts.ts';

/** The shared headers, and the one shared query parameter, that a route takes. */
export interface Offers {
  /** `Prefer: wait=N`. What a route with it does is an operation: the call has its options. */
  readonly prefer?: true;
  /** `Idempotency-Key`. */
  readonly idempotencyKey?: true;
  /** `If-Match`, the entity tag of the account that it is about; its answers have an `ETag` as well. */
  readonly ifMatch?: true;
  /** `?dryRun=true`. */
  readonly dryRun?: true;
  /** `Last-Event-ID`. */
  readonly lastEventId?: true;
  /** `Host`, for pages that name their own address. */
  readonly host?: true;
}

/**
 * What can be known of a route without running it, and so all that a caller can know of it: its checks, the types of a
 * call, and whatever is derived from the list of all routes are made of this.
 */
export type RouteContract = Terms & (WithKey | WithoutKey);

interface WithKey {
  /** Whose keys may call it: `service` refuses those that are bound to a party with `key_not_allowed`. */
  readonly keys: 'any' | 'service';
  /** What the key must be for; others are refused with `scope_missing`. */
  readonly scope: Scope;
}

interface WithoutKey {
  /** It is called without a key, and its path stands at the root instead of below `/v1`. */
  readonly keys: 'none';
  readonly scope?: undefined;
}

interface Terms {
  /** Its name in the description of the API (`operationId`), for ever; pages for people have none. */
  readonly id?: string;
  /** What a call does, in a few words. */
  readonly summary: string;
  /** Of those that are called without a key: refuses what a page of another site could send, with `foreign_site`. */
  readonly sameSiteOnly?: true;
  readonly params?: z.ZodObject;
  /** By default none but `dryRun`, where that is offered. */
  readonly query?: z.ZodObject;
  /** None by default. */
  readonly body?: z.ZodType;
  /**
   * Reads a body that is plainly right as `body` would, in a fraction of the time; undefined for all others. A test
   * holds both against each other.
   */
  readonly plain?: (document: Readonly<Record<string, unknown>>) => object | undefined;
  readonly offers?: Offers;
  /** It changes who may do what: each call of it, successful or refused, is noted in the audit trail. */
  readonly audited?: true;
  /** The documents it answers with, by status. Never parsed when it runs: tests hold every answer against them. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
  /** Of the answers, where it is not JSON: the body is a text then, or a stream of the documents. */
  readonly mediaType?: string;
  /** Of the answers, where callers choose one by `Accept`: JSON first, in which the document is. */
  readonly mediaTypes?: readonly [json: string, ...others: string[]];
  /** Of the answers, where callers choose one by `Accept-Language`: the first is for those that do not. */
  readonly languages?: readonly [string, ...string[]];
  /** The refusals of its own, in addition to those that its kind of route shares (`shared-refusals.ts`). */
  readonly refusals?: readonly ErrorCode[];
  /** Bodies, by what they show. */
  readonly examples?: Readonly<Record<string, unknown>>;
}

/** What every operation offers. */
export const operation = { prefer: true, idempotencyKey: true } as const satisfies Offers;

/** What an operation offers that is about one account. */
export const accountOperation = { ...operation, ifMatch: true } as const satisfies Offers;

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** A route is a value: where it is, its contract, and what it does with a call that fits it (docs/adr/0019). */
export type Route<Parts = ServiceParts> = RouteContract & {
  readonly method: Method;
  /** As Express writes it, with `/v1`: `/v1/accounts/:accountId/deposits`. */
  readonly path: string;
  handle(call: never, parts: Parts): Promise<Reply>;
};

type Read<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** A request that fits the contract of its route. */
export interface Call<Contract extends RouteContract> {
  readonly caller: Contract['keys'] extends 'none' ? undefined : Caller;
  readonly params: Read<Contract['params']>;
  readonly query: Read<Contract['query']>;
  readonly body: Read<Contract['body']>;
  /** The body as it came, before its schema read it. */
  readonly sent: unknown;
  readonly options: Contract['offers'] extends { readonly prefer: true } ? OperationOptions : undefined;
  /** Which of the media types the caller would rather have; undefined where it takes none of them. */
  readonly accepted: Contract['mediaTypes'] extends readonly string[] ? string | undefined : undefined;
  /** Which of the languages the caller would rather have; the first where it takes none of them. */
  readonly language: Contract['languages'] extends readonly (infer Language)[] ? Language : undefined;
  readonly lastEventId: Contract['offers'] extends { readonly lastEventId: true } ? string | undefined : undefined;
  readonly host: Contract['offers'] extends { readonly host: true } ? string : undefined;
}

function routesOf(method: Method) {
  return <const Contract extends RouteContract, Parts extends HealthParts = ServiceParts>(
    path: string,
    contract: Contract,
    handle: (call: Call<Contract>, parts: Parts) => Promise<Reply>,
  ): Route<Parts> => ({ method, path: contract.keys === 'none' ? path : `/v1${path}`, handle, ...contract });
}

/**
 * Makes a route that is called by this method. The path is written without `/v1`.
 *
 * @example
 * get(
 *   '/parties/:partyId',
 *   { id: 'getParty', summary: 'Read a party', keys: 'service', scope: 'accounts:read', answers: {} },
 *   async ({ caller, params }, { database }) => ok(await getParty(database, caller.ledgerId, params.partyId)),
 * );
 */
export const get = routesOf('get');
export const post = routesOf('post');
export const put = routesOf('put');
export const patch = routesOf('patch');
export const remove = routesOf('delete');
