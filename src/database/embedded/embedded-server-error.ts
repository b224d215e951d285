/**
 * The embedded PostgreSQL could not be had. The message is one sentence for the person at the terminal: what
 * happened, where, and what to do about it. The original error is the cause.
 */
export class EmbeddedServerError extends Error {
  override name = 'EmbeddedServerError';

  constructor(sentence: string, cause?: unknown) {
    // Messages of PostgreSQL and of node may span lines; ours never does.
    super(sentence.replace(/\s+/g, ' ').trim(), { cause });
  }
}

/** What an operator can always do when the embedded server does not work; it ends most sentences. */
export const wayOut = 'set DATA_DIR to a folder you can write to, or DATABASE_URL to your own PostgreSQL';

const fileProblems: Record<string, string> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: "this user's disk quota is used up",
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'there is a file of that name, not a folder',
  EIO: 'the disk reports an input/output error',
  ELOOP: 'the path is a circle of symbolic links',
  ENAMETOOLONG: 'the path is too long',
};

/** Turns the failure of a file operation inside `folder` into an EmbeddedServerError; other errors pass as they are. */
export function explainFileError(error: unknown, folder: string): unknown {
  // Known by its fields: inside jest, errors of node's own modules are no instances of the Error seen here.
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (error instanceof EmbeddedServerError || code === undefined || syscall === undefined) return error;
  const problem = fileProblems[code] ?? `the operating system answered ${code}`;
  return new EmbeddedServerError(`The folder ${folder} can't be used because ${problem}: ${wayOut}.`, error);
}

/** Names the disk as the culprit when a PostgreSQL program says so; undefined when it does not. */
export function explainProgramOutput(output: string, folder: string): EmbeddedServerError | undefined {
  const cause = new Error(output);
  if (/No space left on device|Disk quota exceeded|wrote only \d+ of \d+ bytes/i.test(output)) {
    return new EmbeddedServerError(
      `The disk of the data folder ${folder} is full: ` +
        `free some space (PostgreSQL needs about 100 MB to begin), or ${wayOut}.`,
      cause,
    );
  }
  if (/Read-only file system/i.test(output)) {
    return new EmbeddedServerError(`The data folder ${folder} is on a read-only file system: ${wayOut}.`, cause);
  }
  return undefined;
}
