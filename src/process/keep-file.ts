import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What a file in the data folder holds; undefined where there is none. */
export function readKeptFile(file: string): string | undefined {
  return (existsSync(file) && readFileSync(file, 'utf8').trim()) || undefined;
}

/**
 * What a file in the data folder holds. One that is not there is made, readable for its owner alone. Of several first
 * starts all get what the first one made.
 */
export function keepFile(file: string, make: () => string): string {
  const kept = readKeptFile(file);
  if (kept !== undefined) return kept;
  mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, make(), { mode: 0o600 });
  try {
    // It gets its name when it is whole, and never in place of another one.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // A crash may have left one empty.
    if (readKeptFile(file) === undefined) renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
  return readFileSync(file, 'utf8').trim();
}
