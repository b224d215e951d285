import { parse as parseQuery } from 'node:querystring';
import express, { type Express, type Router } from 'express';
import { authenticate } from './authenticate.ts';
import { createRouter } from './create-router.ts';
import { describeAnswer } from './describe-answer.ts';
import { healthRoutes } from './health-routes.ts';
import { jsonBody } from './json-body.ts';
import { mountRoutes } from './mount-routes.ts';
import { answerErrors, routeNotFound } from './problem.ts';
import type { Route } from './route.ts';
import { routePatterns } from './route-pattern.ts';
import type { HealthParts, ServiceParts } from './service-parts.ts';

/** Something that answers requests, for a server of node's. */
export type HttpApp = Express;

/** Builds the HTTP application. It listens to nothing and owns nothing: the caller does. */
export function createApp(parts: ServiceParts, routes: readonly Route[]): HttpApp {
  const ledger = createRouter();
  ledger.use(authenticate(parts.database), jsonBody);
  mountRoutes(ledger, routes, parts);
  return assemble(parts, ledger);
}

/** What a process without an API answers: how its workers are. */
export function createHealthApp(parts: HealthParts): HttpApp {
  return assemble(parts, createRouter());
}

function assemble(parts: HealthParts, ledger: Router): Express {
  const app = express();
  app.disable('x-powered-by');
  // An entity tag says the version of an account here, never a hash of the answer.
  app.disable('etag');
  app.set('case sensitive routing', true);
  // All parameters: node's own limit of 1,000 would silently drop a `dryRun=true` that stands behind them.
  app.set('query parser', (query: string) => parseQuery(query, '&', '=', { maxKeys: 0 }));

  const { logger, draining } = parts;
  const health = healthRoutes(parts);
  const patterns = [...routePatterns(ledger, '/v1'), ...routePatterns(health)];
  app.use(describeAnswer({ logger, draining, routes: patterns }));
  app.use('/v1', ledger);
  app.use(health);
  app.use(routeNotFound);
  app.use(answerErrors);
  return app;
}
