import type { Strategy } from '../strategy.ts';

/** For queues: any free task will do, so one that another works on is passed over. */
export const skipLocked: Strategy = {
  name: 'skip-locked',
  title: 'skipLocked()',
  summary:
    'Each worker takes the next task that is not locked, and none waits. For queues only: what is locked is missing.',

  claim(knex, { worker, think }) {
    return knex.transaction(async (trx) => {
      const task = await trx('tasks').whereNull('done_by').orderBy('id').forUpdate().skipLocked().first();
      if (!task) return undefined;
      await think();
      await trx('tasks').where({ id: task.id }).update({ done_by: worker });
      return task.id;
    });
  },
};
