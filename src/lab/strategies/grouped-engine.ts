import { Refused, type Strategy } from '../strategy.ts';

/** joint-ledger's own way: callers who wait at the same time share one transaction, one lock, one write, one COMMIT. */
export const groupedEngine: Strategy = {
  name: 'grouped-engine',
  title: 'joint-ledger’s grouped engine',
  summary:
    'Locks in one order, decides without a wait, commits many at once. Callers think before, never with a row locked.',

  async post(engine, { think, operation }) {
    await think();
    const { outcome } = await engine.submit(operation!());
    if ('refusal' in outcome) throw new Refused(422, outcome.refusal.detail);
  },
};
