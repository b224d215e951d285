import { InvalidArgumentError } from 'commander';
import { migrate } from '../database/migrate.ts';
import { distribute } from '../distribute.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { correctTimes as correctTimesOfBookings } from '../ledger/correct-times.ts';
import { verifyBooks } from '../verify-books.ts';
import type { LedgerCommand } from './ledger-command.ts';

const withoutArguments = { parameters: {}, example: '' };

/** Migrates without starting the service. */
export const migrateDatabase: LedgerCommand = {
  name: 'migrate',
  script: 'migrate',
  summary: 'Brings the database up to date without starting the service.',
  ...withoutArguments,
  async run(database) {
    const names = await migrate(database);
    return names.length === 0 ? 'The database is up to date.' : `Migrated: ${names.join(', ')}`;
  },
};

/** Spreads ledgers over the nodes of Citus. */
export const distributeDatabase: LedgerCommand = {
  name: 'distribute',
  script: 'distribute',
  summary:
    'Spreads the ledgers over the nodes of a Citus cluster, after migrating. Doing it again does what is missing.',
  parameters: {},
  options: {
    '--shards <number>': {
      meaning: 'into how many parts; for good, from 1 to 1000',
      otherwise: '32',
      read: readShards,
    },
  },
  example: '--shards 64',
  async run(database, shards) {
    const tables = await distribute(database, Number.parseInt(shards!, 10));
    return tables.length === 0 ? 'All tables are distributed.' : `Distributed: ${tables.join(', ')}`;
  },
};

function readShards(text: string): string {
  if (!/^([1-9]\d{0,2}|1000)$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 1000.');
  return text;
}

/** Proves the books, or names what is wrong. */
export const verify: LedgerCommand = {
  name: 'books verify',
  script: 'books:verify',
  summary: 'Checks the books of all ledgers and prints what is wrong. Exit code 1 when anything is.',
  ...withoutArguments,
  async run(database) {
    const findings = await verifyBooks(database);
    if (findings.length === 0) return 'The books are right.';
    const lines = findings.map(({ rule, ledgerId, subject }) => `not true: ${rule} (ledger ${ledgerId}, ${subject})`);
    throw new OperatorError(`The books are wrong.\n${lines.join('\n')}`);
  },
};

/** For books that were kept under a clock that ran ahead. */
export const correctTimes: LedgerCommand = {
  name: 'books correct-times',
  script: 'books:correct-times',
  summary: 'Gives what was booked ahead of the clock its right time, once the clock is right again.',
  ...withoutArguments,
  async run(database) {
    const corrected = await correctTimesOfBookings(database);
    if (corrected.size === 0) return 'Nothing is booked ahead of the clock.';
    const lines = [...corrected].map(([ledgerId, count]) => `${count} transactions corrected in ledger ${ledgerId}`);
    return lines.join('\n');
  },
};
