import { migrate } from '../database/migrate.ts';
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
