import { demoLedgerId, seedDemo } from '../../seeds/demo.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/create-database.ts';
import { readDemoApiKey } from './demo-api-key.ts';

/** Writes the demo ledger into a migrated database where it is not there yet, and lets the key of the settings in. */
export async function seedDemoLedger(
  database: Database,
  config: Pick<Config, 'demoApiKey' | 'dataDir'>,
): Promise<{ ledgerId: string; apiKey: string }> {
  const apiKey = readDemoApiKey(config, demoLedgerId);
  await seedDemo(database, apiKey);
  return { ledgerId: demoLedgerId, apiKey };
}
