import path from 'node:path';
import { createApiKey } from '../ledger/api-key.ts';
import { keepFile } from './keep-file.ts';

/** Its name in the data folder. */
export const demoKeyFile = 'demo-api-key';

/**
 * The demo ledger's API key: `DEMO_API_KEY` when set, else one made up at the first start and kept in the data folder,
 * because the database only has its hash.
 */
export function readDemoApiKey(
  { demoApiKey, dataDir }: { demoApiKey: string | undefined; dataDir: string },
  ledgerId: string,
): string {
  return demoApiKey ?? keepFile(path.join(dataDir, demoKeyFile), () => createApiKey(ledgerId));
}
