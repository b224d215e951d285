import { parse as parseQuery } from 'node:querystring';
import express, { type Express, type Request, type Response, Router } from 'express';
import { createAdmission } from './admission.ts';
import { authenticate } from './authenticate.ts';
import { describeAnswer } from './describe-answer.ts';
import { healthRoutes } from './health-routes.ts';
import { jsonBody } from './json-body.ts';
import { mountRoutes } from './mount-routes.ts';
import { auditedRoutes } from './note-outcome.ts';
import { answerErrors, routeNotFound } from './problem.ts';
import { refuseRepeatedHeaders } from './repeated-header.ts';
import { requireTls } from './require-tls.ts';
import type { Route } from './route.ts';
import type { HealthParts, ServiceParts } from './service-parts.ts';
import { createShortWay } from './short-way.ts';

/** Something that answers requests, for a server of node's. */
export type HttpApp = Express;

/** Builds the HTTP application. It listens to nothing and owns nothing: the caller does. */
export function createApp(parts: ServiceParts, routes: readonly Route[]): HttpApp {
  const router = createRouter();
  const admission = createAdmission(parts.rateLimits, parts.wakeUp);
  if (parts.requireTls) router.use('/v1', requireTls);
  const authenticator = authenticate(parts.database, parts.wakeUp, admission, parts.tokens);
  router.use('/v1', authenticator.handler, admission.handler, jsonBody);
  // Nothing is copied for keys of the service.
  mountRoutes(router, routes, parts, (caller) => {
    if (caller.boundParty === null) return parts;
    return { ...parts, engine: parts.guard(parts.engine, parts.database, caller) };
  });
  const { app, begin } = assemble(parts, router, routes);
  const go = (req: Request, res: Response) => app(req, res);
  app.locals.shortWay = createShortWay(routes, parts, { recall: authenticator.recall, begin, go });
  app.locals.audit = auditedRoutes(parts.audit, routes);
  app.set('trust proxy', [...parts.rateLimits.trustedProxies]);
  return app;
}

/** What a process without an API answers: how its workers are. */
export function createHealthApp(parts: HealthParts): HttpApp {
  const router = createRouter();
  mountRoutes(router, healthRoutes, parts);
  return assemble(parts, router, healthRoutes).app;
}

/** A router that takes paths literally: `/v1/Parties` and `/v1/parties/` are not `/v1/parties`. */
function createRouter(): Router {
  return Router({ caseSensitive: true, strict: true });
}

function assemble({ logger, draining }: HealthParts, router: Router, routes: readonly Route<never>[]) {
  const app = express();
  app.disable('x-powered-by');
  // An entity tag says the version of an account here, never a hash of the answer.
  app.disable('etag');
  app.set('case sensitive routing', true);
  // All parameters: node's own limit of 1,000 would silently drop a `dryRun=true` that stands behind them.
  app.set('query parser', (query: string) => parseQuery(query, '&', '=', { maxKeys: 0 }));
  const patterns = [...new Set(routes.map(({ path }) => path))];
  const { handler, begin } = describeAnswer({ logger, draining, patterns });
  app.use(handler);
  app.use(refuseRepeatedHeaders);
  app.use(router);
  app.use(routeNotFound);
  app.use(answerErrors);
  return { app, begin };
}
