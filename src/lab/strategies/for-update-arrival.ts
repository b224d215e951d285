import type { Strategy } from '../strategy.ts';

/** The same locks, each caller in the order in which it comes upon the rows: A, then B; or B, then A. */
export const forUpdateArrival: Strategy = {
  name: 'for-update-arrival',
  title: 'forUpdate(), in order of arrival',
  summary: 'Two that hold what the other wants wait for ever. The server ends one of them after a second: 40P01.',

  change(knex, { rows, think, decide }) {
    return knex.transaction(async (trx) => {
      const read = [];
      for (const { table, id } of rows) read.push(await trx(table).where({ id }).forUpdate().first());
      await think();
      for (const { table, id, ...values } of decide(read)) await trx(table).where({ id }).update(values);
    });
  },
};
