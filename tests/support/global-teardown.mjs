import { rmSync } from 'node:fs';
import { endServices } from './kept-services.mjs';

export default async function globalTeardown() {
  // There are some when this process ran the tests itself.
  await endServices();
  await globalThis.testServer?.stop();
  // Unless STATEMENTS_FOLDER names one to keep.
  if (globalThis.statementsFolder !== undefined) rmSync(globalThis.statementsFolder, { recursive: true, force: true });
}
