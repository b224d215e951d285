import { allRoutes } from '../../src/all-routes.ts';
import { localWebhooks } from './local-webhooks.ts';

/** Every route below `/v1`, as the services of the tests have them. */
export const routes = allRoutes({
  ...localWebhooks,
  lab: { databaseUrl: 'postgres://none' },
});
