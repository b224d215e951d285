import type { Strategy } from '../strategy.ts';
import { repeatableRead } from './repeatable-read.ts';
import { retryRefused } from './retry-refused.ts';

/** The same, and who is refused begins again: with a new transaction, a new read, a new thought. */
export const repeatableReadRetry: Strategy = {
  name: 'repeatable-read-retry',
  title: 'REPEATABLE READ, with retry',
  summary: 'Callers see no 40001. The price is work that is thrown away: the more callers at one row, the more of it.',
  change: (knex, work) => retryRefused(work, () => repeatableRead.change!(knex, work)),
  getOrCreate: (knex, work) => retryRefused(work, () => repeatableRead.getOrCreate!(knex, work)),
  claim: (knex, work) => retryRefused(work, () => repeatableRead.claim!(knex, work)),
};
