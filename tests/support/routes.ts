import { allRoutes } from '../../src/all-routes.ts';

/** Every route below `/v1`, as the services of the tests have them. */
export const routes = allRoutes({
  webhookTargets: { allowHttp: true, allowPrivate: true },
  lab: { databaseUrl: 'postgres://none' },
});
