import type { LedgerSource, LedgerTransaction } from '../database/ledger-transaction.ts';

/** The request that made an event of an account. */
export interface EventTrace {
  readonly accountId: string;
  readonly sequence: number;
  readonly traceparent: string;
}

/** Sends what is to be kept, without waiting for the answer; the accounts must be locked. `now` is when it happens. */
export function keepEventTraces(
  { knex, ledgerId, pipeline }: LedgerTransaction,
  traces: readonly EventTrace[],
  now: Date,
): void {
  const columns = [
    traces.map(({ accountId }) => accountId),
    traces.map(({ sequence }) => sequence),
    traces.map(({ traceparent }) => traceparent),
  ];
  void pipeline.send(
    knex.raw(
      `insert into event_traces (ledger_id, account_id, sequence, traceparent, created_at)
       select l.id, r.*, ?::timestamptz from ledgers l, unnest(?::uuid[], ?::bigint[], ?::text[]) as r
       where l.id = ?::uuid`,
      [now.toISOString(), ...columns, ledgerId],
    ),
  );
}

/** The `traceparent` of each of these events that has one, by `traceKey`. */
export async function findEventTraces(
  { knex, ledgerId }: LedgerSource,
  events: ReadonlyArray<Omit<EventTrace, 'traceparent'>>,
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await knex.raw<{ rows: { account_id: string; sequence: number; traceparent: string }[] }>(
    `select t.account_id, t.sequence, t.traceparent
     from unnest(?::uuid[], ?::bigint[]) as asked (account_id, sequence)
     join event_traces t on t.ledger_id = ?::uuid and t.account_id = asked.account_id and t.sequence = asked.sequence`,
    [events.map(({ accountId }) => accountId), events.map(({ sequence }) => sequence), ledgerId],
  );
  return new Map(rows.map((row) => [traceKey(row.account_id, row.sequence), row.traceparent]));
}

export function traceKey(accountId: string, sequence: number): string {
  return `${accountId} ${sequence}`;
}
