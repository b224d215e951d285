import fs from 'node:fs';
import { createPgledgerSubject } from '../baseline-b/pgledger-subject.ts';
import type { FilledBook } from '../books/filled-book.ts';
import type { LoadDriver } from '../load-driver/load-driver-process.ts';
import type { StopList } from '../stop-list.ts';
import type { BenchSubject, SubjectName } from './bench-subject.ts';
import { createHttpSubject } from './http-subject.ts';
import { createStatementsSubject } from './pgbench-subject.ts';
import { startServiceProcess } from './service-process.ts';

/** What subjects are started with. */
export interface SubjectSurroundings {
  readonly driver: LoadDriver;
  readonly stops: StopList;
  /** Where pgledger's SQL is. */
  readonly pgledger?: string | undefined;
}

/** The subjects that callers can ask for movements. */
export type MovementSubject = Exclude<SubjectName, 'c'>;

/** Starts a subject on a book. It runs until the stop list is worked off. */
export async function startSubject(
  name: MovementSubject,
  book: FilledBook,
  { driver, stops, pgledger }: SubjectSurroundings,
): Promise<BenchSubject> {
  if (name === 'b') return createStatementsSubject(book, stops);
  if (name === 'pgledger') return createPgledgerSubject(book, pgledger, stops);
  const { args, settings } = commandOf(name, book);
  const service = await startServiceProcess({ args, settings, onSpawned: (stop) => stops.add(stop) });
  return createHttpSubject(driver, book, service);
}

function commandOf(name: Exclude<MovementSubject, 'b' | 'pgledger'>, { url }: FilledBook) {
  switch (name) {
    case 'joint-ledger':
    case 'joint-ledger-2': {
      const processes = name === 'joint-ledger' ? '1' : '2';
      const settings = { DATABASE_URL: url, HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'warn' };
      return { args: [...commandOfStart(), '--processes', processes], settings };
    }
    case 'a':
      return { args: ['dist/bench/baseline-a/baseline-a.js', url], settings: {} };
    case 'express-echo':
      return { args: ['dist/bench/load-driver/express-echo.js'], settings: {} };
    case 'echo':
      return { args: ['dist/bench/load-driver/echo-service.js'], settings: {} };
  }
}

/** What `npm start` gives to node. */
function commandOfStart(): string[] {
  const { scripts } = JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return scripts.start.replace('exec node ', '').split(' ');
}
