import { z } from 'zod';
import { buildVersion } from '../metrics/build-version.ts';
import { describeApi, type RouteGroup } from './describe-api.ts';
import { ok } from './reply.ts';
import { get, type Route } from './route.ts';

/** Answers the description of these routes, which is made when it is first asked for. */
export function descriptionRoute(groups: () => readonly RouteGroup[]): Route {
  let described: object | undefined;
  return get(
    '/openapi.json',
    {
      id: 'getDescription',
      summary: 'Read the description of the API (OpenAPI 3.1)',
      ...{ keys: 'none', query: z.looseObject({}), answers: { 200: z.looseObject({ openapi: z.string() }) } },
    },
    async () => {
      described ??= describeApi(groups(), buildVersion);
      return ok(described);
    },
  );
}
