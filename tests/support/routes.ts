import { allRoutes } from '../../src/all-routes.ts';
import { localTargets } from './local-targets.ts';

/** Every route below `/v1`, as the services of the tests have them. */
export const routes = allRoutes({
  webhookTargets: localTargets,
  lab: { databaseUrl: 'postgres://none' },
});
