import { v7 as uuidv7 } from 'uuid';
import { createDatabase, type Database } from '../../src/database/create-database.ts';
import { migrate } from '../../src/database/migrate.ts';
import { createApiKey, hashApiKey } from '../../src/ledger/api-key.ts';
import { insertLedger } from '../../src/ledger/insert-ledger.ts';
import type { BookSize } from './book-size.ts';
import { fillBook } from './fill-book.ts';

/** A database of its own with one ledger, whose accounts have money and a past. */
export interface FilledBook {
  readonly size: BookSize;
  readonly url: string;
  readonly ledgerId: string;
  readonly apiKey: string;
  /** The bench's own sessions, beside those of the subjects. */
  readonly database: Database;
}

/** Creates a database on the server, with the project's own migrations, and fills it. */
export async function createFilledBook(serverUrl: string, size: BookSize): Promise<FilledBook> {
  const name = `bench_${size.name.replaceAll('-', '_')}`;
  const server = openDatabase(serverUrl);
  try {
    await server.raw('create database ??', [name]);
  } finally {
    await server.destroy();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const database = openDatabase(url.href);
  try {
    await migrate(database);
    const ledgerId = uuidv7();
    const apiKey = createApiKey(ledgerId);
    await insertLedger(database, { id: ledgerId, name: 'Bench' });
    const key = { ledger_id: ledgerId, id: uuidv7(), name: 'Bench', key_hash: hashApiKey(apiKey) };
    await database('api_keys').insert(key);
    await fillBook(database, ledgerId, size);
    return { size, url: url.href, ledgerId, apiKey, database };
  } catch (error) {
    await database.destroy();
    throw error;
  }
}

export function openDatabase(url: string): Database {
  return createDatabase({ url, poolSize: 5, applicationName: 'joint-ledger bench', acquireTimeoutMs: 60_000 });
}
