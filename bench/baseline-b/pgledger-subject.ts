import fs from 'node:fs';
import path from 'node:path';
import { type FilledBook, openDatabase } from '../books/filled-book.ts';
import type { LoadName } from '../load-driver/load-order.ts';
import type { StopList } from '../stop-list.ts';
import type { BenchSubject } from '../subjects/bench-subject.ts';
import { createPgbenchSubject } from '../subjects/pgbench-subject.ts';
import { pickAccountsOf } from './pgbench-script.ts';

/**
 * pgledger, a ledger in functions of PostgreSQL, called by pgbench without HTTP: `select pgledger_create_transfer(...)`.
 * Its SQL comes from its public repository, at a path that is given with `--pgledger`: a file, or a folder whose `.sql`
 * files are loaded in the order of their names. It has a database of its own on the same server, and as many accounts.
 */
export async function createPgledgerSubject(
  book: FilledBook,
  source: string | undefined,
  stops: StopList,
): Promise<BenchSubject> {
  if (source === undefined) {
    return { run: async () => ({ notMeasured: 'not measured: --pgledger names no SQL of pgledger' }) };
  }
  const name = `bench_pgledger_${book.size.name.replaceAll('-', '_')}`;
  await book.database.raw('create database ??', [name]);
  const url = new URL(book.url);
  url.pathname = `/${name}`;
  const database = openDatabase(url.href);
  stops.add(() => database.destroy());
  for (const file of filesOf(source)) await database.raw(fs.readFileSync(file, 'utf8').replaceAll('?', '\\?'));
  await database.raw(
    `create table bench_accounts as
     select n, (select id from pgledger_create_account('Account ' || n, 'USD')) as id
     from generate_series(1, ${book.size.accounts}) as n`,
  );
  await database.raw('alter table bench_accounts add primary key (n)');
  await database.raw('vacuum analyze');
  const scriptOf = (load: LoadName) => pgledgerScript(load, book.size.accounts);
  return createPgbenchSubject({ url: url.href, scriptOf }, stops);
}

function filesOf(source: string): string[] {
  if (!fs.statSync(source).isDirectory()) return [source];
  const names = fs.readdirSync(source).filter((name) => name.endsWith('.sql'));
  return names.sort().map((name) => path.join(source, name));
}

function pgledgerScript(load: LoadName, accounts: number): string | undefined {
  const picks = pickAccountsOf(load);
  if (picks === undefined) return;
  return `\\set accounts ${accounts}${picks}
select * from pgledger_create_transfer(
  (select id from bench_accounts where n = :from), (select id from bench_accounts where n = :to), '1.00');
`;
}
