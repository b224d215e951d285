import { parse as parseQuery } from 'node:querystring';
import express, { type Express, type Router } from 'express';
import { accountRoutes } from './accounts/account-routes.ts';
import { paymentOrderRoutes } from './approvals/payment-order-routes.ts';
import { projectRoutes } from './approvals/project-routes.ts';
import { proposalRoutes } from './approvals/proposal-routes.ts';
import { eventRoutes } from './events/event-routes.ts';
import { accountChangeRoutes } from './holders/account-change-routes.ts';
import { holderRoutes } from './holders/holder-routes.ts';
import { mandateRoutes } from './holders/mandate-routes.ts';
import { restrictionRoutes } from './holders/restriction-routes.ts';
import { holdRoutes } from './holds/hold-routes.ts';
import { authenticate } from './http/authenticate.ts';
import { createRouter } from './http/create-router.ts';
import { describeAnswer } from './http/describe-answer.ts';
import { healthRoutes } from './http/health-routes.ts';
import { jsonBody } from './http/json-body.ts';
import { mountRoutes } from './http/mount-routes.ts';
import { answerErrors, routeNotFound } from './http/problem.ts';
import type { Route } from './http/route.ts';
import { routePatterns } from './http/route-pattern.ts';
import type { ServiceParts, TargetRules } from './http/service-parts.ts';
import { batchRoutes } from './movements/batch-routes.ts';
import { movementRoutes } from './movements/movement-routes.ts';
import { partyRoutes } from './parties/party-routes.ts';
import { standingOrderRoutes } from './standing-orders/standing-order-routes.ts';
import { webhookDeliveryRoutes } from './webhooks/webhook-delivery-routes.ts';
import { webhookEndpointRoutes } from './webhooks/webhook-endpoint-routes.ts';
import { failedWorkRoutes } from './workers/failed-work-routes.ts';

/** Builds the HTTP application. It listens to nothing and owns nothing: the caller does. */
export function createApp(parts: ServiceParts): Express {
  const app = express();
  app.disable('x-powered-by');
  // An entity tag says the version of an account here, never a hash of the answer.
  app.disable('etag');
  app.set('case sensitive routing', true);
  // All parameters: node's own limit of 1,000 would silently drop a `dryRun=true` that stands behind them.
  app.set('query parser', (query: string) => parseQuery(query, '&', '=', { maxKeys: 0 }));

  const { logger, draining } = parts;
  const [ledger, health] = [ledgerRoutes(parts), healthRoutes(parts)];
  const routes = [...routePatterns(ledger, '/v1'), ...routePatterns(health)];
  app.use(describeAnswer({ logger, draining, routes }));
  app.use('/v1', ledger);
  app.use(health);
  app.use(routeNotFound);
  app.use(answerErrors);
  return app;
}

/** Every route below `/v1`, in the order in which they are tried: those of movements first. */
export function allRoutes({ webhookTargets }: { webhookTargets: TargetRules }): readonly Route[] {
  return [
    ...movementRoutes,
    ...batchRoutes,
    ...accountRoutes,
    ...paymentOrderRoutes,
    ...holdRoutes,
    ...projectRoutes,
    ...proposalRoutes,
    ...holderRoutes,
    ...mandateRoutes,
    ...restrictionRoutes,
    ...accountChangeRoutes,
    ...partyRoutes,
    ...standingOrderRoutes,
    ...webhookEndpointRoutes(webhookTargets),
    ...webhookDeliveryRoutes,
    ...eventRoutes(),
    ...failedWorkRoutes,
  ];
}

/**
 * What needs a key. Express tries routes in this order, one after another, for every request: so movements come first,
 * and the rooms add their routes to one router instead of each having its own.
 */
function ledgerRoutes(parts: ServiceParts): Router {
  const router = createRouter();
  router.use(authenticate(parts.database), jsonBody);
  mountRoutes(router, allRoutes(parts), parts);
  return router;
}
