import type { Database } from '../database/create-database.ts';

/**
 * Begins a new epoch in ledgers whose log of events goes further than this database cluster's transaction ids: their
 * books were moved here from another one, by a dump. New events would stand before those that readers have seen.
 * Answers the ledgers. Costs one look into an index for each ledger; nothing may book meanwhile in those concerned.
 */
export async function beginEventEpochs(database: Database): Promise<string[]> {
  return database.transaction(async (knex) => {
    const { rows } = await knex.raw(`
      update ledgers l set event_epoch = l.event_epoch + 1
      where (select e.xid from events e where e.ledger_id = l.id and e.epoch = l.event_epoch
             order by e.xid desc, e.position desc limit 1) >= pg_snapshot_xmax(pg_current_snapshot())
      returning id`);
    const ledgerIds: string[] = rows.map(({ id }: { id: string }) => id);
    if (ledgerIds.length > 0) {
      await knex.raw('update accounts set last_event_xid = null where ledger_id = any(?::uuid[])', [ledgerIds]);
    }
    return ledgerIds;
  });
}
