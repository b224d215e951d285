import type { Strategy } from '../strategy.ts';
import { retryRefused } from './retry-refused.ts';
import { serializable } from './serializable.ts';

/** The same, and who is refused begins again: with a new transaction, a new read, a new thought. */
export const serializableRetry: Strategy = {
  name: 'serializable-retry',
  title: 'SERIALIZABLE, with retry',
  summary: 'Callers see no 40001. The price is work that is thrown away: the more callers at one row, the more of it.',
  change: (knex, work) => retryRefused(work, () => serializable.change!(knex, work)),
  getOrCreate: (knex, work) => retryRefused(work, () => serializable.getOrCreate!(knex, work)),
  claim: (knex, work) => retryRefused(work, () => serializable.claim!(knex, work)),
};
