import type { Knex } from 'knex';
import type { QueryResult } from 'pg';
import type { Session, Statement } from './session.ts';
import { isStatementRefused } from './sqlstate.ts';

/**
 * Sends statements to the session of a transaction, in the order of the calls, without waiting for the answers to those
 * before (PostgreSQL manual, chapter 54.2.4, "Pipelining"). Each wait costs a turn of the event loop, which under load
 * is the time of dozens of requests.
 *
 * A statement behind one that failed is not carried out; it fails with 25P02, which says nothing about itself.
 */
export interface StatementPipeline {
  /** The statement is on its way, before everything that is sent later, when this returns. */
  send(statement: Knex.Raw | Knex.QueryBuilder | Statement): Promise<QueryResult>;
  /** Waits for all that was sent, and throws what the first of them failed with. */
  answered(): Promise<void>;
  /** Whether the server has answered one of them with an error. COMMIT then rolls back. */
  isRefused(): boolean;
}

export async function openPipeline(transaction: Knex.Transaction): Promise<StatementPipeline> {
  const session: Session = await transaction.client.acquireConnection();
  const sent: Array<Promise<unknown>> = [];
  let refused = false;
  return {
    send(statement) {
      const answer = session.query('text' in statement ? statement : compile(statement));
      // The caller may look at the answer later than it comes.
      answer.catch((error) => {
        refused ||= isStatementRefused(error);
      });
      sent.push(answer);
      return answer;
    },
    async answered() {
      for (const answer of sent) await answer;
    },
    isRefused: () => refused,
  };
}

function compile(statement: Knex.Raw | Knex.QueryBuilder): Statement {
  const compiled = statement.toSQL() as Knex.Sql & { options?: object };
  const { sql, bindings } = compiled.toNative();
  return { ...compiled.options, text: sql, values: bindings };
}
