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
import { healthRoutes } from './http/health-routes.ts';
import type { Route } from './http/route.ts';
import type { TargetRules } from './http/service-parts.ts';
import { batchRoutes } from './movements/batch-routes.ts';
import { movementRoutes } from './movements/movement-routes.ts';
import { partyRoutes } from './parties/party-routes.ts';
import { standingOrderRoutes } from './standing-orders/standing-order-routes.ts';
import { webhookDeliveryRoutes } from './webhooks/webhook-delivery-routes.ts';
import { webhookEndpointRoutes } from './webhooks/webhook-endpoint-routes.ts';
import { failedWorkRoutes } from './workers/failed-work-routes.ts';

/**
 * Every route. Express tries them in this order, one after another, for every request: so those of
 * movements come first.
 */
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
    ...healthRoutes,
  ];
}
