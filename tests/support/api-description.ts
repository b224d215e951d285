import { allRoutes } from '../../src/all-routes.ts';
import { localWebhooks } from './local-webhooks.ts';

/** The description of the API as the service answers it, as the text that is committed. */
export async function readDescription(): Promise<string> {
  const routes = allRoutes(localWebhooks);
  const route = routes.find(({ path }) => path === '/openapi.json')!;
  const reply = await route.handle(undefined as never, undefined as never);
  if (!('body' in reply)) throw new Error('the description was refused');
  return `${JSON.stringify(reply.body, null, 2)}\n`;
}
