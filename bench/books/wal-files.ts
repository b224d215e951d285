import { openDatabase } from './filled-book.ts';

/** Of 16 MB each. A second of the heaviest load takes one, filling a book and warming up a few. */
const fewestFiles = 16;
const mostFiles = 320;

/**
 * PostgreSQL writes a WAL file full of zeros before it uses it for the first time, and whoever commits then waits for
 * that (60 to 100 ms where this was written); from then on checkpoints hand it round (PostgreSQL manual, chapter 28.5).
 * Makes as many files as `seconds` of load take, so that the server is one that has been at work for a while, and the
 * subjects that write more in a second do not wait more often.
 */
export async function provideWalFiles(serverUrl: string, seconds: number): Promise<void> {
  const database = openDatabase(serverUrl);
  try {
    for (let file = 0; file < Math.min(mostFiles, fewestFiles + seconds); file++) {
      await database.raw("select pg_logical_emit_message(true, 'bench', 'a file'), pg_switch_wal()");
    }
    await database.raw('checkpoint');
  } finally {
    await database.destroy();
  }
}
