import { accountRoutes } from './accounts/account-routes.ts';
import { balanceRoutes } from './accounts/balance-routes.ts';
import { paymentOrderRoutes } from './approvals/payment-order-routes.ts';
import { projectRoutes } from './approvals/project-routes.ts';
import { proposalRoutes } from './approvals/proposal-routes.ts';
import { auditRoutes } from './audit/audit-routes.ts';
import { eventRoutes } from './events/event-routes.ts';
import { accountChangeRoutes } from './holders/account-change-routes.ts';
import { holderRoutes } from './holders/holder-routes.ts';
import { mandateRoutes } from './holders/mandate-routes.ts';
import { restrictionRoutes } from './holders/restriction-routes.ts';
import { holdRoutes } from './holds/hold-routes.ts';
import type { RouteGroup } from './http/describe-api.ts';
import { descriptionRoute } from './http/description-route.ts';
import { docsPageRoutes } from './http/docs-page-routes.ts';
import { healthRoutes, operatorPaths } from './http/health-routes.ts';
import type { Route } from './http/route.ts';
import { type StartPageSettings, startPage } from './http/start-page.ts';
import { keyRoutes } from './keys/key-routes.ts';
import { type LabSettings, labRoutes } from './lab/lab-routes.ts';
import { batchRoutes } from './movements/batch-routes.ts';
import { journalRoutes } from './movements/journal-routes.ts';
import { movementRoutes } from './movements/movement-routes.ts';
import { partyRoutes } from './parties/party-routes.ts';
import { standingOrderRoutes } from './standing-orders/standing-order-routes.ts';
import { statementRoutes } from './statements/statement-routes.ts';
import { webhookDeliveryRoutes } from './webhooks/webhook-delivery-routes.ts';
import { type EndpointSettings, webhookEndpointRoutes } from './webhooks/webhook-endpoint-routes.ts';
import { failedWorkRoutes } from './workers/failed-work-routes.ts';

/** Whose tokens are taken. */
export { createTokenVerifier } from './keys/verify-token.ts';

/** What is told to whom of accounts, in all that changes them. */
export { guardEngine } from './ownership/guarded-engine.ts';

/** What some of the routes depend on. */
export interface RouteSettings extends EndpointSettings {
  /** Undefined where the race lab is off. */
  readonly lab?: LabSettings | undefined;
  readonly demo?: StartPageSettings['demo'];
  /** Whether health and metrics are left out, because they stand on a port of their own. */
  readonly operatorsApart?: boolean | undefined;
}

/**
 * Every route, in groups. Express tries them in this order, one after another, for every request: so those of
 * movements come first.
 */
function groupRoutes({ lab, ...settings }: RouteSettings, description: Route): RouteGroup[] {
  const ownership = [...holderRoutes, ...mandateRoutes, ...restrictionRoutes, ...accountChangeRoutes];
  const webhooks = [...webhookEndpointRoutes(settings), ...webhookDeliveryRoutes];
  return [
    group('Movements', 'Deposits, withdrawals, transfers, batches, reversals; what was booked.', [
      ...movementRoutes,
      ...batchRoutes,
      ...journalRoutes,
    ]),
    group('Accounts', 'Accounts and their balances.', [...accountRoutes, ...balanceRoutes]),
    group('Payment orders', 'Movements that wait for signatures.', paymentOrderRoutes),
    group('Holds', 'Money that is reserved.', holdRoutes),
    group('Proposals', 'Projects of an account, and the proposals that compete for each.', [
      ...projectRoutes,
      ...proposalRoutes,
    ]),
    group('Joint ownership', 'Holders, mandates, restrictions, and changes that take signatures.', ownership),
    group('Parties', 'People and companies.', partyRoutes),
    group('Standing orders', 'Transfers that repeat, or come later.', standingOrderRoutes),
    group('Statements', 'What was booked on an account in a period, between two balances.', statementRoutes),
    group('Webhooks', 'Endpoints that are notified of events, and what was sent to them.', webhooks),
    group('API keys', 'What calls the service: keys with scopes, and their ends.', keyRoutes),
    group('Events', 'The log of what happened.', eventRoutes()),
    group('Operations', 'What operators look at.', [...auditRoutes, ...failedWorkRoutes, ...healthRoutes, description]),
    group('Race lab', 'A page to try races.', lab === undefined ? [] : labRoutes(lab)),
  ];
}

function group(name: string, about: string, routes: readonly Route[]): RouteGroup {
  return { name, about, routes };
}

/** Every route, and with them their description. */
export function allRoutes(settings: RouteSettings): readonly Route[] {
  const groups: RouteGroup[] = groupRoutes(
    settings,
    descriptionRoute(() => groups),
  );
  const isThere = ({ path }: Route) => !settings.operatorsApart || !operatorPaths.includes(path);
  const pages = [startPage({ lab: settings.lab !== undefined, demo: settings.demo }), ...docsPageRoutes];
  return [...groups.flatMap(({ routes }) => routes).filter(isThere), ...pages];
}
