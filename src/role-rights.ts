/** What a role may do with a table, as GRANT has it (PostgreSQL manual, GRANT); undefined for nothing at all. */
export interface TableRights {
  /** API processes. */
  readonly service: string | undefined;
  /** Worker processes. */
  readonly worker: string | undefined;
  /** What readers of the books see of a table that has secrets; all columns of the others. */
  readonly readable?: string;
}

const books = 'select, insert';
const kept = 'select, insert, update';
const all = 'select, insert, update, delete';

/**
 * Every table, and what each kind of process needs of it. Nothing else grants anything, and neither role may change or
 * delete what is only ever inserted, so that a process that was taken over can't rewrite history. A row can be locked
 * by those alone who may update it.
 */
export const roleRights: Readonly<Record<string, TableRights>> = {
  ledgers: { service: books, worker: 'select, update (keys_kept_from)' },
  api_keys: {
    service: kept,
    worker: undefined,
    readable: 'ledger_id, id, name, created_at, revoked_at, party_id, scopes, expires_at, last_used_at, made_with',
  },
  token_issuers: { service: 'select', worker: undefined },
  parties: { service: kept, worker: 'select' },
  accounts: { service: kept, worker: 'select, update' },
  account_metadata: { service: all, worker: 'select, delete' },
  holders: { service: kept, worker: 'select, update' },
  mandates: { service: books, worker: 'select' },
  restrictions: { service: kept, worker: 'select' },
  account_changes: { service: kept, worker: 'select, update' },
  authorisations: { service: books, worker: 'select' },
  transactions: { service: books, worker: books },
  entries: { service: books, worker: books },
  transaction_metadata: { service: books, worker: books },
  booking_time_corrections: { service: 'select', worker: 'select' },
  // An answer that is kept may be a secret that was made.
  idempotency_keys: {
    service: all,
    worker: 'select, update, delete',
    readable: 'ledger_id, key, request_hash, transaction_id, created_at',
  },
  holds: { service: kept, worker: kept },
  payment_orders: { service: kept, worker: kept },
  projects: { service: kept, worker: 'select, update' },
  proposals: { service: kept, worker: 'select, update' },
  standing_orders: { service: kept, worker: 'select, update' },
  standing_order_runs: { service: 'select', worker: kept },
  statements: { service: books, worker: books },
  statement_schedules: { service: all, worker: all },
  events: { service: books, worker: books },
  log_inbox: { service: books, worker: 'select, insert, delete' },
  logs: { service: books, worker: 'select, update' },
  log_numbers: { service: 'select', worker: books },
  log_blocks: { service: 'select', worker: books },
  event_traces: { service: books, worker: all },
  webhook_endpoints: {
    service: kept,
    worker: 'select, update, delete',
    readable:
      'ledger_id, id, url, description, event_types, account_ids, is_ordered, status, previous_secret_until, ' +
      'failing_since, disabled_reason, created_at, disabled_at, slot, log_position',
  },
  webhook_deliveries: { service: kept, worker: all },
  // Updates are refused by a trigger; who deletes what is old has to lock it.
  audit_entries: { service: books, worker: 'select, update, delete' },
  failed_work: { service: 'select, delete', worker: all },
  knex_migrations: { service: 'select', worker: 'select' },
  knex_migrations_lock: { service: undefined, worker: undefined },
};
