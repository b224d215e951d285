import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createApiKey } from '../ledger/api-key.ts';

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
  if (demoApiKey !== undefined) return demoApiKey;
  const file = path.join(dataDir, demoKeyFile);
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (kept !== '') return kept;

  const apiKey = createApiKey(ledgerId);
  mkdirSync(dataDir, { recursive: true });
  // Renamed when it is whole. Of two first starts the later one is kept, and the keys of both work.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, apiKey, { mode: 0o600 });
  renameSync(draft, file);
  return apiKey;
}
