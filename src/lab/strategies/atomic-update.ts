import { inOneOrder, Refused, type Strategy } from '../strategy.ts';

/** UPDATE … SET balance = balance - x WHERE balance >= x: the database reads, checks and writes in one statement. */
export const atomicUpdate: Strategy = {
  name: 'atomic-update',
  title: 'One atomic UPDATE',
  summary: 'Nothing is read before, so nothing is stale. A rule about several rows does not fit into one row’s UPDATE.',

  async change(knex, { think, atOnce }) {
    // The program can't look at the row first, only think before.
    await think();
    await knex.transaction(async (trx) => {
      for (const { table, id, column, to, onlyIf } of inOneOrder(atOnce)) {
        const changed = await trx(table)
          .where({ id })
          .whereRaw(onlyIf)
          .update({ [column]: trx.raw(to) });
        if (changed === 0) throw new Refused(422, 'the rule forbids it');
      }
    });
  },

  async claim(knex, { worker, think, again }) {
    for (;;) {
      const free = knex('tasks').whereNull('done_by').orderBy('id').limit(1).select('id');
      // Others choose the same one. Who waited for the row finds it taken, and chooses again.
      const [task] = await knex('tasks')
        .where('id', free)
        .whereNull('done_by')
        .update({ done_by: worker })
        .returning('id');
      if (task) {
        // Marked before the work is done: if the worker dies now, the task is lost.
        await think();
        return task.id;
      }
      if (!(await knex('tasks').whereNull('done_by').first())) return undefined;
      await again();
    }
  },
};
