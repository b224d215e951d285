import type { BookSize } from '../books/book-size.ts';
import { createFilledBook, type FilledBook } from '../books/filled-book.ts';
import type { LoadDriver } from '../load-driver/load-driver-process.ts';
import type { StopList } from '../stop-list.ts';
import type { BenchSubject, SubjectName } from './bench-subject.ts';
import { type MovementSubject, startSubject } from './start-subject.ts';

/**
 * A book and the subjects that run on it. All run from the beginning; those that have no load cost nothing. Workers are
 * not among them: each run starts its own.
 */
export interface Arena {
  readonly book: FilledBook;
  readonly subjects: ReadonlyMap<SubjectName, BenchSubject>;
}

export interface ArenaTerms {
  readonly serverUrl: string;
  readonly size: BookSize;
  readonly subjects: ReadonlySet<MovementSubject>;
  readonly driver: LoadDriver;
  readonly pgledger?: string | undefined;
}

/** Long enough for the code of the hot path to be compiled; what comes after is measured. */
const warmUp = { load: 'uniform', connections: 64, warmUpMs: 0, measureMs: 3_000, seed: 0 } as const;

/** Fills a book, starts the subjects on it, and gives each of them its first movements, which nobody measures. */
export async function openArena(
  { serverUrl, size, subjects, driver, pgledger }: ArenaTerms,
  stops: StopList,
): Promise<Arena> {
  const book = await createFilledBook(serverUrl, size);
  stops.add(() => book.database.destroy());
  const started = new Map<SubjectName, BenchSubject>();
  for (const name of subjects) {
    const subject = await startSubject(name, book, { driver, stops, pgledger });
    await subject.run(warmUp);
    started.set(name, subject);
  }
  return { book, subjects: started };
}
