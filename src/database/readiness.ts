import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, type Database, endSessions, renewSessions } from './create-database.ts';
import { pendingMigrations } from './migrate.ts';

/** Tells whether the database can serve this process, within a second and on a session that nothing else uses. */
export interface Readiness {
  /**
   * What keeps it from serving, in a sentence; undefined when nothing does. Callers at the same time share one look.
   */
  problem(): Promise<string | undefined>;
  stop(): Promise<void>;
}

/** Who asks has a second. */
const patienceMs = 900;

/** @param served The pool whose sessions are opened anew once the server turns out to be read-only. */
export function createReadiness({ url, served }: { url: string; served?: Database }): Readiness {
  const limits = { connectTimeoutMs: patienceMs, acquireTimeoutMs: patienceMs, statementTimeoutMs: patienceMs };
  const database = createDatabase({ url, poolSize: 1, applicationName: 'joint-ledger readiness', ...limits });
  let looking: Promise<string | undefined> | undefined;

  async function look(): Promise<string | undefined> {
    const enough = new AbortController();
    const late = sleep(patienceMs, 'The database does not answer within a second.', { signal: enough.signal });
    late.catch(() => {});
    const problem = await Promise.race([ask().catch(() => 'The database cannot be reached.'), late]);
    enough.abort();
    // The next look begins with a session of its own.
    if (problem !== undefined) endSessions(database);
    return problem;
  }

  async function ask(): Promise<string | undefined> {
    const { rows } = await database.raw(
      "select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as is_read_only",
    );
    if (rows[0].is_read_only) {
      // Reads over the sessions that are open would go on, and grow old.
      if (served !== undefined) renewSessions(served);
      return 'The database is a standby or read-only.';
    }
    const pending = await pendingMigrations(database);
    return pending.length === 0 ? undefined : `The database still lacks ${pending.length} migrations.`;
  }

  return {
    problem() {
      looking ??= look().finally(() => {
        looking = undefined;
      });
      return looking;
    },
    stop: () => database.destroy(),
  };
}
