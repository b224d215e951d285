import { endServices } from './kept-services.mjs';

export default async function globalTeardown() {
  // There are some when this process ran the tests itself.
  await endServices();
  await globalThis.testServer?.stop();
}
