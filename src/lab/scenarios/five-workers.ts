import { judgeCount } from '../amount-changes.ts';
import type { Scenario } from '../scenario.ts';

/** A queue: any task will do, but each only once. */
export const fiveWorkers: Scenario = {
  name: 'five-workers',
  title: 'Five workers, one queue',
  summary: 'As many workers as there are tasks. Each takes one that is free, works on it, and marks it as done.',
  kind: 'claim',
  callers: 5,
  tables: [{ name: 'tasks', columns: 'id int primary key, done_by text', shows: 'done_by' }],
  fill: (callers) => `insert into tasks (id) select generate_series(1, ${callers})`,
  play: (caller) => ({ kind: 'claim', name: 'takes a task', work: { worker: `worker ${caller + 1}` } }),
  judge({ answers }) {
    const done = answers.filter(({ outcome }) => outcome === 'done');
    const tasks = [...new Set(done.map(({ text }) => text))];
    const byTask = tasks.map((task) => [task, done.filter(({ text }) => text === task)] as const);
    const twice = byTask.filter(([, workers]) => workers.length > 1);
    const doubled = twice.map(([task, workers]) => ({
      text: `${workers.length} workers did ${task}.`,
      callers: workers.map(({ caller }) => caller),
      rowIds: [task.replace('task ', '')],
    }));
    return judgeCount(
      'each task once',
      `${tasks.length} tasks, done ${done.length} times`,
      done.length - tasks.length,
      doubled,
    );
  },
};
