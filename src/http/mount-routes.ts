import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { requireScope, requireServiceKey } from './acting-party.ts';
import { type Caller, callerOf } from './caller.ts';
import { jsonBody } from './json-body.ts';
import { noteSuccess } from './note-outcome.ts';
import { readOperationOptions } from './operation-options.ts';
import { methodNotAllowed } from './problem.ts';
import { readInput, trueOrFalse } from './read-input.ts';
import { type Reply, sendReply } from './reply.ts';
import type { Call, Route, RouteContract } from './route.ts';
import { requireSameSite } from './same-site.ts';

/**
 * Adds routes to a router; those that take a key stand behind `authenticate` and `jsonBody`. Paths are tried in the
 * order in which they stand in the list first. Each refuses the methods that none of its routes has with
 * `method_not_allowed`. `partsOf` says what a route is given that is called with a key.
 */
export function mountRoutes<Parts>(
  router: Router,
  routes: readonly Route<Parts>[],
  parts: Parts,
  partsOf: (caller: Caller) => Parts = () => parts,
): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const ofPath = routes.filter((route) => route.path === path);
    const at = router.route(path);
    for (const route of ofPath) {
      const read = createReader(route);
      // The types of a call are known where the route was made.
      const handle = route.handle as (call: object, parts: Parts) => Promise<Reply>;
      const { keys, body, method, mediaType, audited } = route;
      if (keys === 'none' && body !== undefined) at[method](jsonBody);
      at[method](async (req, res) => {
        res.locals.route = path;
        const given = keys === 'none' ? parts : partsOf(callerOf(res));
        const reply = await handle(read(req, res), given);
        // Before it is sent: what was done is noted even if the caller has gone.
        if (audited && 'status' in reply) noteSuccess(res, reply.status, reply.body);
        return sendReply(res, reply, mediaType);
      });
    }
    at.all(methodNotAllowed(methodsOf(ofPath)));
  }
}

function methodsOf(routes: readonly Route<never>[]): string {
  return routes
    .map(({ method }) => method.toUpperCase())
    .sort()
    .join(', ');
}

/**
 * Parameters such as `metadata.invoice=A-1`, or `metadata[invoice]=A-1` as OpenAPI writes them (style `deepObject`), as
 * fields of one object, where the contract has it. The name that would set an object's prototype stays as it is, and so
 * is no known one.
 */
function groupFields(query: Record<string, unknown>, { shape }: z.ZodObject): Record<string, unknown> {
  const grouped = new Map<string, Record<string, unknown>>();
  const plain = Object.entries(query).filter(([name, value]) => {
    const [, group, dotted, bracketed] = /^(\w+)(?:\.(.*)|\[(.+)\])$/s.exec(name) ?? [];
    const key = dotted ?? bracketed;
    if (group === undefined || key === undefined || !Object.hasOwn(shape, group) || key === '__proto__') return true;
    const fields: Record<string, unknown> = grouped.get(group) ?? {};
    // A key in both spellings is there twice, which no schema takes.
    grouped.set(group, { ...fields, [key]: Object.hasOwn(fields, key) ? [fields[key], value] : value });
    return false;
  });
  return Object.fromEntries([...grouped, ...plain]);
}

/** Of these media types the one that the caller prefers (RFC 9110, section 12.5.1). */
function acceptedOf(req: Request, mediaTypes: readonly string[]): string | undefined {
  const names = mediaTypes.map((type) => type.split(';')[0]!);
  const accepted = req.accepts(names);
  return accepted === false ? undefined : mediaTypes[names.indexOf(accepted as string)];
}

/** Of these languages the one that the caller prefers, or the first (RFC 9110, section 12.5.4). */
function languageOf(req: Request, languages: readonly [string, ...string[]]): string {
  return req.acceptsLanguages([...languages]) || languages[0];
}

const noQuery = z.strictObject({});
const dryRunQuery = z.strictObject({ dryRun: trueOrFalse.optional() });
const noBody = z.strictObject({}).optional();

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Makes what checks requests against a contract, in the one order that `docs/errors.md` promises for all routes: whose
 * key, path, body, query, headers. It throws RefusalError `key_not_allowed`, `scope_missing` and `validation_failed`.
 */
function createReader({
  method,
  keys,
  scope,
  sameSiteOnly,
  params,
  query,
  body,
  plain,
  offers,
  mediaTypes,
  languages,
}: RouteContract & Pick<Route, 'method'>) {
  const isForService = keys === 'service';
  const querySchema: z.ZodObject = query ?? (offers?.dryRun ? dryRunQuery : noQuery);
  // The body of a GET has no meaning (RFC 9110, section 9.3.1).
  const bodySchema = method === 'get' ? undefined : (body ?? noBody);
  return (req: Request, res: Response): Record<keyof Call<RouteContract>, unknown> => {
    const caller = keys === 'none' ? undefined : callerOf(res);
    if (isForService) requireServiceKey(callerOf(res));
    if (scope !== undefined) requireScope(callerOf(res), scope);
    if (sameSiteOnly) requireSameSite(req);
    const readParams = params === undefined ? undefined : readInput(params, req.params, 'path');
    const plainBody = isObject(req.body) ? plain?.(req.body) : undefined;
    const readBody = plainBody ?? (bodySchema === undefined ? undefined : readInput(bodySchema, req.body));
    const readQuery = readInput(querySchema, groupFields(req.query, querySchema), 'query');
    // Literal fields: after a spread they would be added slowly (docs/adr/0009).
    return {
      caller,
      params: readParams,
      body: readBody,
      query: readQuery,
      sent: req.body,
      options: offers?.prefer ? readOperationOptions(req, res, offers, readQuery.dryRun === 'true') : undefined,
      accepted: mediaTypes === undefined ? undefined : acceptedOf(req, mediaTypes),
      language: languages && languageOf(req, languages),
      lastEventId: offers?.lastEventId ? req.get('Last-Event-ID') : undefined,
      host: offers?.host ? (req.get('Host') ?? 'localhost') : undefined,
    };
  };
}
