/**
 * SQL: by what a log `l` notices that its books are not where they were written, or not what they were: when the server
 * was started, and the file of the table. A restart, a promotion and another cluster change the first, a copy of the
 * database and a dump that is restored into a running server change the second.
 */
export const lifeOfServer = `
  concat_ws(' ', extract(epoch from pg_postmaster_start_time()), pg_relation_filepath(l.tableoid))`;
