import type { Knex } from 'knex';
import type { Database } from '../database/create-database.ts';

/** SQL: the log of events of the ledger `l` goes further than the transaction ids of this database cluster. */
const goesFurther = `
  (select e.xid from events e where e.ledger_id = l.id and e.epoch = l.event_epoch
   order by e.xid desc, e.position desc limit 1) >= pg_snapshot_xmax(pg_current_snapshot())`;

/**
 * Begins a new epoch in ledgers whose log of events goes further than this database cluster's transaction ids: their
 * books were moved here from another one, by a dump. New events would stand before those that readers have seen.
 * Answers the ledgers. Costs one look into an index for each ledger. Of several that start at once, the one that has
 * the ledger's row does it and the others find it done; nothing may book meanwhile in those concerned.
 */
export async function beginEventEpochs(database: Database): Promise<string[]> {
  const begun: string[] = [];
  const moved: string[] = await database('ledgers as l').whereRaw(goesFurther).orderBy('l.id').pluck('l.id');
  for (const ledgerId of moved) {
    if (await database.transaction((knex) => beginEpoch(knex, ledgerId))) begun.push(ledgerId);
  }
  return begun;
}

async function beginEpoch(knex: Knex, ledgerId: string): Promise<boolean> {
  const changed = await knex('ledgers as l')
    .where('l.id', ledgerId)
    .whereRaw(goesFurther)
    .update({ event_epoch: knex.raw('l.event_epoch + 1') });
  if (changed === 0) return false;
  await knex('accounts').where('ledger_id', ledgerId).update({ last_event_xid: null });
  return true;
}
