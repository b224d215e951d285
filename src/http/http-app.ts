import { parse as parseQuery } from 'node:querystring';
import express, { type Express, type Router } from 'express';
import { authenticate } from './authenticate.ts';
import { createRouter } from './create-router.ts';
import { describeAnswer } from './describe-answer.ts';
import { healthRoutes } from './health-routes.ts';
import { jsonBody } from './json-body.ts';
import { mountRoutes } from './mount-routes.ts';
import { answerErrors, routeNotFound } from './problem.ts';
import type { RequestLogOptions } from './request-log.ts';
import type { Route } from './route.ts';
import { routePatterns } from './route-pattern.ts';
import type { HealthParts, ServiceParts } from './service-parts.ts';

/** Answers requests, on whatever connections it is given. It listens to nothing and owns nothing. */
export type HttpApp = Express;

/** Answers these routes below `/v1`, to those who have a key, and what operators ask without one. */
export function createHttpApp(routes: readonly Route[], parts: ServiceParts): HttpApp {
  const ledger = createRouter();
  ledger.use(authenticate(parts.database), jsonBody);
  mountRoutes(ledger, routes, parts);
  const health = healthRoutes(parts);
  const app = createExpress(parts, [...routePatterns(ledger, '/v1'), ...routePatterns(health)]);
  app.use('/v1', ledger);
  return endWith(app, health);
}

/** Answers what operators ask, and nothing else. */
export function createHealthApp(parts: HealthParts & Pick<RequestLogOptions, 'logger'>): HttpApp {
  const health = healthRoutes(parts);
  return endWith(createExpress(parts, routePatterns(health)), health);
}

function createExpress(
  { logger, draining }: Pick<ServiceParts, 'logger' | 'draining'>,
  routes: readonly string[],
): Express {
  const app = express();
  app.disable('x-powered-by');
  // An entity tag says the version of an account here, never a hash of the answer.
  app.disable('etag');
  app.set('case sensitive routing', true);
  // All parameters: node's own limit of 1,000 would silently drop a `dryRun=true` that stands behind them.
  app.set('query parser', (query: string) => parseQuery(query, '&', '=', { maxKeys: 0 }));
  app.use(describeAnswer({ logger, draining, routes }));
  return app;
}

function endWith(app: Express, health: Router): Express {
  return app.use(health).use(routeNotFound).use(answerErrors);
}
