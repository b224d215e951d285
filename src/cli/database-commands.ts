import { InvalidArgumentError } from 'commander';
import { noteCommand } from '../audit/note-command.ts';
import { migrate } from '../database/migrate.ts';
import { distribute } from '../distribute.ts';
import { correctTimes as correctTimesOfBookings } from '../ledger/correct-times.ts';
import { seedDemoLedger } from '../process/seed-demo-ledger.ts';
import { verifyBooks } from '../verify-books.ts';
import type { DatabaseCommand } from './ledger-command.ts';

const withoutArguments = { parameters: {}, example: '' };

/** Migrates without starting the service. */
export const migrateDatabase: DatabaseCommand = {
  name: 'migrate',
  script: 'migrate',
  summary: 'Brings the database up to date without starting the service.',
  ...withoutArguments,
  async run(database) {
    const migrated = await migrate(database);
    const text = migrated.length === 0 ? 'The database is up to date.' : `Migrated: ${migrated.join(', ')}`;
    return { text, json: { migrated } };
  },
};

/** Writes the demo ledger. */
export const seed: DatabaseCommand = {
  name: 'seed',
  script: 'seed',
  summary: 'Migrates, writes the ledger with the demo accounts where it is not there yet, and prints its API key.',
  remarks: 'The key is DEMO_API_KEY, or one that is made up once and kept in DATA_DIR.',
  ...withoutArguments,
  async run(database, _args, { config }) {
    await migrate(database);
    const { ledgerId, apiKey } = await seedDemoLedger(database, config());
    return { text: `Demo API key: ${apiKey}`, json: { ledgerId, apiKey } };
  },
};

/** Spreads ledgers over the nodes of Citus. */
export const distributeDatabase: DatabaseCommand = {
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
  async run(database, _args, { options }) {
    const distributed = await distribute(database, Number.parseInt(options.shards!, 10));
    const text = distributed.length === 0 ? 'All tables are distributed.' : `Distributed: ${distributed.join(', ')}`;
    return { text, json: { distributed } };
  },
};

function readShards(text: string): string {
  if (!/^([1-9]\d{0,2}|1000)$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 1000.');
  return text;
}

/** Proves the books, or names what is wrong. */
export const verify: DatabaseCommand = {
  name: 'verify',
  script: 'books:verify',
  summary: 'Checks the books of all ledgers and prints what is wrong. Exit code 1 when anything is.',
  ...withoutArguments,
  async run(database, _args, { progress }) {
    const findings = await verifyBooks(database, progress);
    const lines = findings.map(({ rule, ledgerId, subject }) => `not true: ${rule} (ledger ${ledgerId}, ${subject})`);
    const isBad = findings.length > 0;
    const text = isBad ? `The books are wrong.\n${lines.join('\n')}` : 'The books are right.';
    return { text, json: { right: !isBad, findings }, isBad };
  },
};

/** For books that were kept under a clock that ran ahead. */
export const correctTimes: DatabaseCommand = {
  name: 'books correct-times',
  script: 'books:correct-times',
  summary: 'Gives what was booked ahead of the clock its right time, once the clock is right again.',
  ...withoutArguments,
  async run(database) {
    const corrected = await correctTimesOfBookings(database);
    for (const ledgerId of corrected.keys())
      await noteCommand({ knex: database, ledgerId }, { action: 'books correct-times' });
    const lines = [...corrected].map(([ledgerId, count]) => `${count} transactions corrected in ledger ${ledgerId}`);
    const text = corrected.size === 0 ? 'Nothing is booked ahead of the clock.' : lines.join('\n');
    return { text, json: { corrected: Object.fromEntries(corrected) } };
  },
};
