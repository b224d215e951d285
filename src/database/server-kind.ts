import type { Knex } from 'knex';

/** What kind of server the sessions of a pool go to. Each session asks when it is opened. */
export interface ServerKind {
  /** Undefined before the first session. */
  isDistributed?: boolean;
}

/** SQL: whether the ledgers of this database live on several nodes (docs/distributed.md). */
export const askServerKind = "exists (select from pg_extension where extname = 'citus')";

/**
 * Whether ledgers live on several nodes, so that each statement has to go to the node of its ledger. Where the best
 * statement for one server is not right, or not good, for several, this says which to send. Known once the pool has had
 * a session; in a transaction it always is.
 */
export function isDistributed(knex: Knex): boolean {
  return (knex.userParams.server as ServerKind).isDistributed ?? false;
}

/** Asks, where the pool had no session yet. */
export async function findServerKind(database: Knex): Promise<Readonly<ServerKind>> {
  const kind = database.userParams.server as ServerKind;
  if (kind.isDistributed === undefined) {
    const session = await database.client.acquireConnection();
    await database.client.releaseConnection(session);
  }
  return kind;
}

/**
 * The comment with which a statement begins that only a single server is sent. What holds for all others
 * (docs/distributed.md) need not hold for it.
 */
export const onOneServer = 'one server';
