import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createApiKey } from './ledger/api-key.ts';

/**
 * The demo ledger's API key: `DEMO_API_KEY` when set, else one made up at the first start and kept in the data folder,
 * because the database only has its hash.
 */
export function readDemoApiKey({ demoApiKey, dataDir }: { demoApiKey: string | undefined; dataDir: string }): string {
  if (demoApiKey !== undefined) return demoApiKey;
  const file = path.join(dataDir, 'demo-api-key');
  try {
    mkdirSync(dataDir, { recursive: true });
    // Exclusive: of two first starts, one makes the key up and the other reads it.
    writeFileSync(file, createApiKey(), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}
