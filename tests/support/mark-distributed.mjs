/**
 * Makes the service take this database for one whose ledgers live on several nodes, so that it sends what it sends
 * there. All of it is right on a single server, too.
 *
 * @param {import('knex').Knex} database
 */
export async function markDistributed(database) {
  await database.transaction(async (knex) => {
    await knex.raw('set local allow_system_table_mods = on');
    await knex.raw(`
      insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
      values (16000, 'citus', 10, 'public'::regnamespace, false, '0')`);
  });
}
