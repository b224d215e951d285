import type { QueryResult } from 'pg';
import type { Database } from './create-database.ts';
import type { Callback, DatabaseSession, Session, Statement } from './session.ts';

/** A condition that holds only in a transaction that began as below. */
export const hasBegun = "current_setting('transaction_deferrable')::boolean";

/**
 * A session on which a transaction of knex begins without waiting for the answer to BEGIN: a wait costs a turn of the
 * event loop, which under load is the time of dozens of requests.
 *
 * Should BEGIN fail (it is cancelled), what was sent behind it runs outside a transaction. So knex's own statements
 * wait for BEGIN, and the first that a pipeline sends must do nothing unless the transaction is DEFERRABLE. This mark
 * has no other meaning here (PostgreSQL manual, SET TRANSACTION: none unless SERIALIZABLE and READ ONLY).
 */
export class UnawaitedBegin implements Session {
  readonly #session: Session;
  #begun: Promise<unknown> = Promise.resolve();

  constructor(session: Session) {
    this.#session = session;
  }

  query(statement: Statement): Promise<QueryResult>;
  query(statement: Statement, callback: Callback): void;
  query(statement: Statement, callback?: Callback): Promise<QueryResult> | undefined {
    if (callback === undefined) return this.#send(statement);
    if (statement.text === 'BEGIN;') {
      this.#begun = this.#session.query({ text: 'BEGIN ISOLATION LEVEL READ COMMITTED, DEFERRABLE' });
      this.#begun.catch(() => {});
      callback(null, { rows: [] });
    } else {
      this.#begun.then(() => this.#session.query(statement, callback), callback);
    }
    return undefined;
  }

  /** Fails with what BEGIN failed with, if it did. */
  #send(statement: Statement): Promise<QueryResult> {
    const answer = this.#session.query(statement);
    answer.catch(() => {});
    return this.#begun.then(() => answer);
  }
}

/**
 * Lends a session from the pool for one transaction of knex, which takes it by its option `connection`. Each of its
 * statements may take `statementTimeoutMs` on the server.
 */
export async function withUnawaitedBegin<T>(
  database: Database,
  statementTimeoutMs: number,
  work: (session: UnawaitedBegin) => Promise<T>,
): Promise<T> {
  const session: DatabaseSession = await database.client.acquireConnection();
  session.limitStatements(statementTimeoutMs);
  try {
    return await work(new UnawaitedBegin(session));
  } finally {
    session.limitStatements(undefined);
    await database.client.releaseConnection(session);
  }
}
