import { expect } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createDatabase, type Database } from '../../src/database/create-database.ts';
import { createApiKey, hashApiKey } from '../../src/ledger/api-key.ts';
import { insertLedger } from '../../src/ledger/insert-ledger.ts';
import { scopes } from '../../src/ledger/key-scopes.ts';
import { machineClock } from '../../src/ledger/trusted-clock.ts';
import { verifyBooks } from '../../src/verify-books.ts';
import { emptyDatabase, isAlone, readState } from './reused-database.ts';
import { templateDatabase, withDatabaseName } from './template-database.ts';

export interface TestDatabase {
  readonly url: string;
  /** A pool of the test's own, beside those of the services under test. */
  readonly database: Database;
  /** Proves the books, then removes the database. Every database test ends with it. */
  verifyAndDrop(): Promise<void>;
}

export interface TestLedger {
  readonly ledgerId: string;
  readonly apiKey: string;
}

/** A database of the test file's own: the migrated one without rows, or an empty one. */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const taken = options.empty ? { url: await copyDatabase('template1'), state: undefined } : await takeDatabase();
  const database = openTestPool(taken.url);
  return {
    url: taken.url,
    database,
    async verifyAndDrop() {
      const findings = options.empty ? [] : await verifyBooks(database);
      await database.destroy();
      // The clock of the process was that of this database, and the next test file has the process.
      machineClock.now = () => Date.now();
      await leaveDatabase(taken);
      expect(findings).toEqual([]);
    },
  };
}

/** A migrated database without rows, and what it was like at first; undefined when nobody else may have it. */
export interface TakenDatabase {
  readonly url: string;
  readonly state: unknown;
}

/** Of `shared-build-environment.mjs`. */
declare const loadOnce: (url: string) => Promise<{ keptDatabases: TakenDatabase[] }>;
const { keptDatabases } = await loadOnce(new URL('./kept-services.mjs', import.meta.url).href);

/** One that another test file has left, or a new copy of the template. */
export async function takeDatabase(): Promise<TakenDatabase> {
  const kept = keptDatabases.pop();
  if (kept !== undefined) return kept;
  const url = await copyDatabase();
  const database = openTestPool(url);
  const state = await readState(database);
  await database.destroy();
  return { url, state };
}

/** Keeps the database for the next that takes one where it can be made what it was, and removes it elsewhere. */
export async function leaveDatabase(taken: TakenDatabase): Promise<void> {
  const database = createDatabase({ url: taken.url, poolSize: 1, applicationName: 'test', acquireTimeoutMs: 60_000 });
  const isAsItWas =
    taken.state !== undefined && (await isAlone(database)) && (await emptyDatabase(database, taken.state));
  await database.destroy();
  if (isAsItWas) keptDatabases.push(taken);
  else await dropDatabase(taken.url);
}

export function openTestPool(url: string): Database {
  return createDatabase({ url, poolSize: 20, applicationName: 'test', acquireTimeoutMs: 60_000 });
}

/** Answers the address of the copy. */
export async function copyDatabase(template = templateDatabase): Promise<string> {
  const serverUrl = process.env.TEST_SERVER_URL!;
  const name = `test_${uuidv7().replaceAll('-', '')}`;
  await onServer(serverUrl, `create database ${name} template ${template} ${copying}`);
  return withDatabaseName(serverUrl, name);
}

export function dropDatabase(url: string): Promise<void> {
  return onServer(process.env.TEST_SERVER_URL!, `drop database ${new URL(url).pathname.slice(1)} with (force)`);
}

/** As files rather than by way of the log, which takes eight times as long; PostgreSQL 14 knows no other way. */
const copying = process.env.TEST_SERVER_VERSION?.startsWith('14.') ? '' : 'strategy file_copy';

async function onServer(url: string, statement: string): Promise<void> {
  const server = createDatabase({ url, poolSize: 1, applicationName: 'test', acquireTimeoutMs: 60_000 });
  try {
    await server.raw(statement);
  } finally {
    await server.destroy();
  }
}

export async function createTestLedger(database: Database): Promise<TestLedger> {
  return withKey(database, (ledger) => insertLedger(database, ledger), { scopes: [...scopes] });
}

/** A ledger as versions before the numbered log made it, in their schema. */
export async function createOlderLedger(database: Database): Promise<TestLedger> {
  return withKey(database, (ledger) => database('ledgers').insert(ledger));
}

async function withKey(
  database: Database,
  insert: (ledger: { id: string; name: string }) => PromiseLike<unknown>,
  terms: object = {},
): Promise<TestLedger> {
  const ledgerId = uuidv7();
  const apiKey = createApiKey(ledgerId);
  await insert({ id: ledgerId, name: 'Test' });
  const key = { ledger_id: ledgerId, id: uuidv7(), name: 'Test', key_hash: hashApiKey(apiKey) };
  await database('api_keys').insert({ ...key, ...terms });
  return { ledgerId, apiKey };
}
