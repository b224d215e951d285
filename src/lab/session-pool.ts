import { openRecorded, type RecordedDatabase } from './recorded-sessions.ts';

/** One session with knex on it, which a caller has to itself. */
export interface LentSession extends RecordedDatabase {
  readonly pid: number;
}

export interface SessionPoolOptions {
  readonly url: string;
  /** Whose tables the sessions must see, and no others. */
  readonly schema: string;
  readonly applicationName: string;
  readonly sessions: number;
}

/** How long a statement may take, waiting for locks included. */
const statementTimeoutMs = 10_000;

/** What all sessions of the lab have in common. */
export function sessionOptions({ url, applicationName }: { url: string; applicationName: string }, poolSize: number) {
  return { url, poolSize, applicationName, acquireTimeoutMs: 30_000, statementTimeoutMs };
}

/** The sessions of a process, lent in the order in which they are asked for. */
export class SessionPool {
  readonly #free: LentSession[];
  readonly #waiting: Array<(session: LentSession) => void> = [];

  private constructor(sessions: LentSession[]) {
    this.#free = sessions;
  }

  /** Opens all sessions. Throws where one of them would see other tables than those of the run. */
  static async open(options: SessionPoolOptions): Promise<SessionPool> {
    const opened = Array.from({ length: options.sessions }, async () => {
      const recorded = openRecorded(sessionOptions(options, 1));
      const { rows } = await recorded.database.raw(
        "select array_to_string(current_schemas(false), ',') as seen, pg_backend_pid() as pid",
      );
      // A pooler may have dropped the setting, and the ledger has tables of the same names.
      if (rows[0].seen !== options.schema) throw new Error('the sessions do not keep to the schema of the run');
      return { ...recorded, pid: rows[0].pid };
    });
    return new SessionPool(await Promise.all(opened));
  }

  take(): Promise<LentSession> {
    const session = this.#free.shift();
    if (session !== undefined) return Promise.resolve(session);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  giveBack(session: LentSession): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(session);
    else next(session);
  }

  async close(): Promise<void> {
    await Promise.all(this.#free.map((session) => session.destroy()));
  }
}
