import { inOneOrder, type Row, type Strategy } from '../strategy.ts';

/** Each row has a version. It is written only if it still has the version that was read. */
export const optimisticVersion: Strategy = {
  name: 'optimistic-version',
  title: 'Optimistic version',
  summary:
    'No lock while thinking. Who finds another version begins again; with many at one row, most work is for nothing.',

  async change(knex, { rows, think, decide, again }) {
    for (;;) {
      const read: Row[] = [];
      for (const { table, id } of rows) read.push(await knex(table).where({ id }).first());
      await think();
      try {
        await knex.transaction(async (trx) => {
          for (const { table, id, ...values } of inOneOrder(decide(read))) {
            const { version } = read.find((row) => row.id === id)!;
            const written = await trx(table)
              .where({ id, version })
              .update({ ...values, version: version + 1 });
            if (written === 0) throw new StaleError(`${table} ${id} is not at version ${version} any more`);
          }
        });
        return;
      } catch (error) {
        if (!(error instanceof StaleError)) throw error;
        await again();
      }
    }
  },

  async claim(knex, { worker, think, again }) {
    for (;;) {
      const task = await knex('tasks').whereNull('done_by').orderBy('id').first();
      if (!task) return undefined;
      await think();
      const { id, version } = task;
      const written = await knex('tasks')
        .where({ id, version })
        .update({ done_by: worker, version: version + 1 });
      if (written === 1) return id;
      await again();
    }
  },
};

class StaleError extends Error {}
