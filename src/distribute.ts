import type { Knex } from 'knex';
import { findServerKind } from './database/server-kind.ts';
import { OperatorError } from './errors/operator-error.ts';

/**
 * The tables with the rows of ledgers, and the column that says of which: all rows of a ledger go to one node. In an
 * order in which each refers to earlier ones only. What is not named here (the record of migrations) stays on the
 * coordinator.
 */
export const distributedTables = {
  ledgers: 'id',
  api_keys: 'ledger_id',
  token_issuers: 'ledger_id',
  parties: 'ledger_id',
  accounts: 'ledger_id',
  account_metadata: 'ledger_id',
  holders: 'ledger_id',
  mandates: 'ledger_id',
  restrictions: 'ledger_id',
  account_changes: 'ledger_id',
  authorisations: 'ledger_id',
  transactions: 'ledger_id',
  entries: 'ledger_id',
  transaction_metadata: 'ledger_id',
  booking_time_corrections: 'ledger_id',
  idempotency_keys: 'ledger_id',
  holds: 'ledger_id',
  payment_orders: 'ledger_id',
  projects: 'ledger_id',
  proposals: 'ledger_id',
  standing_orders: 'ledger_id',
  standing_order_runs: 'ledger_id',
  statements: 'ledger_id',
  statement_schedules: 'ledger_id',
  events: 'ledger_id',
  log_inbox: 'ledger_id',
  logs: 'ledger_id',
  log_numbers: 'ledger_id',
  log_blocks: 'ledger_id',
  event_traces: 'ledger_id',
  webhook_endpoints: 'ledger_id',
  webhook_deliveries: 'ledger_id',
  failed_work: 'ledger_id',
  audit_entries: 'ledger_id',
} as const;

/**
 * Distributes the tables that are not yet, through a coordinator of Citus, and answers their names. The schema must be
 * up to date. Nothing may be at work in the database meanwhile: each table is locked while its rows are moved.
 *
 * Throws OperatorError where there is no such extension, and when the list above and the schema differ.
 */
export async function distribute(database: Knex, shards: number): Promise<string[]> {
  if (!(await findServerKind(database)).isDistributed) {
    throw new OperatorError('The database has no extension citus: create it, or stay on one server.');
  }
  await requireKnownTables(database, 'distribute');
  const { rows } = await database.raw(
    'select c.relname from pg_dist_partition p join pg_class c on c.oid = p.logicalrelid',
  );
  const done = new Set(rows.map(({ relname }: { relname: string }) => relname));
  const missing = Object.entries(distributedTables).filter(([table]) => !done.has(table));
  for (const [table, column] of missing) await distributeTable(database, { table, column, shards });
  return missing.map(([table]) => table);
}

/**
 * A table that a migration has brought and that nobody has thought of here would be passed over in silence. Throws
 * OperatorError when the list above and the schema differ; `purpose` says what can't be done then.
 */
export async function requireKnownTables(database: Knex, purpose: string): Promise<void> {
  const { rows } = await database.raw(
    `select c.table_name as name from information_schema.columns c
     where c.table_schema = current_schema() and c.column_name = 'ledger_id'`,
  );
  const found = new Set(['ledgers', ...rows.map(({ name }: { name: string }) => name)]);
  const listed = Object.keys(distributedTables);
  const unknown = [...found].filter((table) => !listed.includes(table));
  const absent = listed.filter((table) => !found.has(table));
  if (unknown.length > 0) throw new OperatorError(`It is not known how to ${purpose} ${unknown.sort().join(', ')}.`);
  if (absent.length > 0) throw new OperatorError(`The database lacks ${absent.join(', ')}: migrate it first.`);
}

/** The backstops of the journal are triggers that look at nothing but their own statement, which is safe on a shard. */
async function distributeTable(
  database: Knex,
  { table, column, shards }: { table: string; column: string; shards: number },
): Promise<void> {
  const placing = table === 'ledgers' ? { colocateWith: 'none', shards } : { colocateWith: 'ledgers', shards: null };
  await database.transaction(async (knex) => {
    await knex.raw("select set_config('citus.enable_unsafe_triggers', 'on', true)");
    await knex.raw(
      `select create_distributed_table(:table::regclass, :column, colocate_with => :colocateWith,
                                       shard_count => :shards::int)`,
      { table, column, ...placing },
    );
  });
}
