import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../database/create-database.ts';
import { migratedAt } from '../database/migrated-at.ts';

/** Since when outcomes are read from the journal (docs/adr/0035). */
const bookedOutcomes = '20261201001000_booked_outcomes';
/** So long after the migration may processes of the version before still be at work (docs/upgrading.md). */
const upgradeMs = 86_400_000;
const lookAgainMs = 1_000;

/**
 * Answers whether processes of a version may be at work that read no outcome from the journal: true until the database
 * has said since when this schema is there, which it need not be there to say when a process starts.
 */
export function watchOlderVersions(database: Database, signal: AbortSignal): () => boolean {
  let until = Number.POSITIVE_INFINITY;
  async function look(): Promise<void> {
    while (!signal.aborted) {
      try {
        const migrated = await migratedAt(database, bookedOutcomes);
        until = migrated === undefined ? 0 : migrated.getTime() + upgradeMs;
        return;
      } catch {
        await sleep(lookAgainMs, undefined, { signal, ref: false }).catch(() => {});
      }
    }
  }
  void look();
  return () => until > Date.now();
}
