import knexModule from 'knex';

/**
 * Baseline C: the worker of joint-ledger whose claims wait for each other. `skipLocked()` of knex does nothing here, so
 * a claim is a plain FOR UPDATE; everything else is the same program. It stays right: who waited for a row looks again
 * whether it is due, and goes on to the next one that is.
 */
const { constructor: queryBuilder } = knexModule({ client: 'pg' }).queryBuilder();
Object.assign(queryBuilder.prototype, {
  skipLocked<Query>(this: Query): Query {
    return this;
  },
});

await import('../../src/main.ts');
