import type { Knex } from 'knex';
// @ts-expect-error: knex publishes its dialects without types.
import KnexDialect from 'knex/lib/dialects/postgres/index.js';
import { openSession } from './open-session.ts';
import type { ServerKind } from './server-kind.ts';
import type { DatabaseSession, SessionOptions } from './session.ts';
import { SessionWatch } from './session-watch.ts';

/** What we use of knex's own dialect for PostgreSQL. */
interface Dialect extends Knex.Client {
  connectionSettings: SessionOptions;
  destroy(callback?: (error?: unknown) => void): Promise<void>;
}

const Base = KnexDialect as unknown as new (config: Knex.Config) => Dialect;

/** How long an orderly end of all sessions may take. */
const closingMs = 1_000;

/** Knex's dialect, with sessions that nobody waits for without end (`session.ts`). */
export class PostgresDialect extends Base {
  readonly watch = new SessionWatch(() => this.onPooler());
  /** Called when a pooler does not keep what was planned in a session. */
  onPooler = () => {};
  /** Called with the kind of server that a new session goes to. */
  onServer: (kind: ServerKind) => void = () => {};

  override async acquireRawConnection(): Promise<DatabaseSession> {
    const { session, server } = await openSession(this.watch, this.connectionSettings);
    this.version = server.version;
    this.onServer({ isDistributed: server.isDistributed });
    return session;
  }

  override async destroyRawConnection(session: DatabaseSession): Promise<void> {
    await session.close();
  }

  /** Called before a session is lent. */
  override async validateConnection(session: DatabaseSession): Promise<boolean> {
    return session.isUsable;
  }

  /** Ends the pool: in order where that is a matter of a second, otherwise what is under way is cut off. */
  override async destroy(callback?: (error?: unknown) => void): Promise<void> {
    const impatience = setTimeout(() => this.watch.endAll(), closingMs);
    await super.destroy(callback);
    clearTimeout(impatience);
  }
}
