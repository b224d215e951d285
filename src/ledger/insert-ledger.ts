import type { Knex } from 'knex';

/** Writes a ledger and its empty log. Answers false, and changes nothing, when there is one of this id. */
export async function insertLedger(knex: Knex, { id, name }: { id: string; name: string }): Promise<boolean> {
  const inserted = await knex('ledgers').insert({ id, name }).onConflict('id').ignore().returning('id');
  if (inserted.length > 0) await knex('logs').insert({ ledger_id: id });
  return inserted.length > 0;
}
