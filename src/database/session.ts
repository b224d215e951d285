import type pg from 'pg';
import { OperatorError } from '../errors/operator-error.ts';
import { DatabaseClient } from './database-client.ts';
import { askServerKind, type ServerKind } from './server-kind.ts';
import { isSessionLost, sqlState, sqlStateOf } from './sqlstate.ts';
import { tracedStatement } from './traced-statement.ts';
import { typeParsers } from './type-parsers.ts';

/** A statement as the driver takes it. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** Under which the session keeps the statement planned (`prepared-statement.ts`). */
  readonly name?: string;
}

export type Callback = (error: unknown, result?: unknown) => void;

/** What knex (with a callback) and the pipeline (without) use of a session. */
export interface Session {
  query(statement: Statement): Promise<pg.QueryResult>;
  query(statement: Statement, callback: Callback): void;
}

/** What a session finds out about its server. */
export interface Server extends Required<ServerKind> {
  readonly version: string;
}

export interface SessionOptions {
  /** One server, by its address with a single host. */
  readonly url: string;
  /** What the session calls itself in pg_stat_activity. */
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
  /** How long a statement may take where its transaction sets no limit of its own; 0 for no limit. */
  readonly statementTimeoutMs: number;
}

/** Who keeps an eye on a session (`session-watch.ts`). */
export interface SessionKeeper {
  /** The session has ended in order. */
  closed(session: DatabaseSession): void;
  /** The session was lost, and others to the same server may be no better. */
  lost(session: DatabaseSession): void;
  /** A statement that the session had planned was not there: a pooler changes servers between transactions. */
  statementMissing(): void;
}

/** What a statement may take on this side beyond the limit that the server has for it. */
const answerSlackMs = 2_000;
/** How long an orderly goodbye may take before the socket is closed. */
const goodbyeMs = 500;

/** What is relied on in every session, whatever the server, the database or the user have as their defaults. */
const requiredSettings = {
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  array_nulls: 'on',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  client_encoding: 'UTF8',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};

/**
 * PostgreSQL 14 has no limit for whole transactions; from 17 on it could end them before our own limits do. And what
 * was acknowledged must be on the disk: more than that (`remote_apply`) is the operator's to choose, less is not.
 */
const notEverywhere = `
  (select set_config(name, '0', false) from pg_settings where name = 'transaction_timeout'),
  case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', false) end`;

/**
 * A session with one server, on which nothing waits for ever: a statement that is not answered within its limit and two
 * seconds ends the session, and with it the wait of its callers. A session that turns out to be of no use (its server
 * is read-only, shuts down, or is gone) ends itself, so that another try gets another one.
 */
export class DatabaseSession implements Session {
  readonly #client: DatabaseClient;
  readonly #keeper: SessionKeeper;
  readonly #defaultLimitMs: number;
  #limitMs: number;
  #isOpen = false;
  #unanswered = 0;
  /** When the statement that is due next was sent, or could begin. */
  #since = 0;
  #failure: Error | undefined;

  constructor(options: SessionOptions, keeper: SessionKeeper) {
    this.#keeper = keeper;
    this.#defaultLimitMs = limitOnThisSide(options.statementTimeoutMs);
    this.#limitMs = options.connectTimeoutMs;
    this.#client = new DatabaseClient({
      connectionString: options.url,
      application_name: options.applicationName,
      connectionTimeoutMillis: options.connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      types: typeParsers,
      pipeline: true,
    } as pg.ClientConfig);
    this.#client.on('error', (error) => this.discard(error));
    this.#client.on('end', () => this.discard(new SessionEndedError('the session has ended')));
  }

  /** False once it must not be lent to any caller any more. */
  get isUsable(): boolean {
    return this.#failure === undefined;
  }

  /** Whether it is open and nothing is under way on it. */
  get isIdle(): boolean {
    return this.#isOpen && this.#unanswered === 0;
  }

  /** Whether a statement has waited for its answer for longer than it may. */
  isOverdue(now: number): boolean {
    return this.#unanswered > 0 && now - this.#since > this.#limitMs;
  }

  /**
   * Connects, sets what is relied on, and answers what kind of server it is. Throws an Error when the server can't be
   * reached or refuses, and with the SQLSTATE 25006 when it is a standby or read-only: what was read there could be
   * old, and nothing could be written.
   */
  async open({ statementTimeoutMs }: Pick<SessionOptions, 'statementTimeoutMs'>): Promise<Server> {
    await this.#client.connect();
    const settings = { ...requiredSettings, statement_timeout: `${statementTimeoutMs}ms` };
    const names = Object.keys(settings);
    const calls = names.map((_name, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, false)`);
    const { rows } = await this.query({
      text: `select ${calls.join(', ')},
                    ${notEverywhere},
                    current_setting('server_version') as version, current_setting('server_encoding') as encoding,
                    ${askServerKind} as is_distributed,
                    pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as is_read_only`,
      values: Object.entries(settings).flat(),
    });
    const { version, encoding, is_distributed: isDistributed, is_read_only: isReadOnly } = rows[0];
    if (isReadOnly) throw new ReadOnlyServerError();
    if (encoding !== 'UTF8') throw new OperatorError(encodingSentence(encoding));
    this.limitStatements(undefined);
    this.#isOpen = true;
    return { version, isDistributed };
  }

  /** How long statements may take on the server from now on; undefined for the usual limit. */
  limitStatements(timeoutMs: number | undefined): void {
    this.#limitMs = timeoutMs === undefined ? this.#defaultLimitMs : limitOnThisSide(timeoutMs);
  }

  query(statement: Statement): Promise<pg.QueryResult>;
  query(statement: Statement, callback: Callback): void;
  query(statement: Statement, callback?: Callback): Promise<pg.QueryResult> | undefined {
    if (callback === undefined) {
      return new Promise((resolve, reject) => {
        this.#send(statement, (error, result) => (error ? reject(error) : resolve(result as pg.QueryResult)));
      });
    }
    this.#send(statement, callback);
    return undefined;
  }

  #send(statement: Statement, callback: Callback): void {
    if (this.#failure !== undefined) {
      callback(this.#failure);
      return;
    }
    const answered = tracedStatement(statement.text, callback);
    if (this.#unanswered === 0) this.#since = performance.now();
    this.#unanswered++;
    this.#client.query(statement as pg.QueryConfig, (error: Error | null, result: unknown) => {
      this.#unanswered--;
      this.#since = performance.now();
      if (error) this.#judge(error);
      answered(error, result);
    });
  }

  /** Whether the session can go on after an error. Most errors are of the statement alone. */
  #judge(error: Error): void {
    const state = sqlStateOf(error);
    if (state === sqlState.statementUnknown || state === sqlState.statementExists) this.#keeper.statementMissing();
    else if (!isSessionLost(error)) return;
    this.discard(error);
  }

  /** Calls `listener` for each notification that the session receives (`listen`). */
  onNotification(listener: (payload: string) => void): void {
    this.#client.on('notification', ({ payload }) => listener(payload ?? ''));
  }

  /** Calls `listener` once the session has ended, for whatever reason. */
  onEnd(listener: () => void): void {
    this.#client.once('end', listener);
  }

  /** Ends the session now, without waiting for its server. What was sent and not answered fails with this reason. */
  discard(reason: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#hangUp(reason);
    this.#keeper.lost(this);
  }

  /** Ends the session in order, and after half a second without. */
  async close(): Promise<void> {
    if (this.#failure !== undefined) return;
    this.#failure = new SessionEndedError('the session was closed');
    const impatience = setTimeout(() => this.#hangUp(undefined), this.isIdle ? goodbyeMs : 0);
    await this.#client.end().catch(() => {});
    clearTimeout(impatience);
    this.#keeper.closed(this);
  }

  #hangUp(reason: Error | undefined): void {
    // Of the driver's own ways to end, none closes a socket whose other side does not answer.
    this.#client.connection.stream.destroy(reason);
  }
}

/** The session is not there any more, and its server may be. */
export class SessionEndedError extends Error {
  override name = 'SessionEndedError';
  readonly code = 'ECONNRESET';
}

/** A statement or a connection was not answered in time. */
export class AnswerOverdueError extends Error {
  override name = 'AnswerOverdueError';
  readonly code = 'ETIMEDOUT';
}

/** As PostgreSQL would say at the first write. */
class ReadOnlyServerError extends Error {
  override name = 'ReadOnlyServerError';
  readonly code = sqlState.readOnly;
  readonly severity = 'FATAL';

  constructor() {
    super('it takes no writes');
  }
}

function limitOnThisSide(timeoutMs: number): number {
  return timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs + answerSlackMs;
}

/** Names in all languages are stored, which only UTF-8 holds. */
function encodingSentence(encoding: string): string {
  return `The database is encoded in ${encoding}, which does not hold every name: create one with ENCODING 'UTF8'.`;
}
