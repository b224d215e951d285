import type { Writable } from 'node:stream';
import type { AccountDocument } from '../accounts/account-queries.ts';
import type { Database } from '../database/create-database.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { RefusalError } from '../errors/refusal.ts';
import { type Caller, sourceOf } from '../http/caller.ts';
import type { Streamed } from '../http/reply.ts';
import { writeAndWait } from '../http/write-and-wait.ts';
import { findNames } from './find-names.ts';
import { allFormats, type FormatName, formatNames } from './formats/all-formats.ts';
import { readLines } from './read-lines.ts';
import type { FormatOptions, Statement, StatementFormat, StatementLanguage } from './statement.ts';

/** The media types of all formats, JSON first. */
export const statementMediaTypes = formatNames.map((name) => allFormats[name].mediaType) as [string, ...string[]];

/** How a caller wants to read a statement. */
export interface FormatAsked {
  readonly format?: FormatName | undefined;
  /** What it takes of the media types, where it names no format. */
  readonly accepted: string | undefined;
}

/** Throws RefusalError `not_acceptable`. */
export function chooseFormat({ format, accepted }: FormatAsked): StatementFormat {
  if (format !== undefined) return allFormats[format];
  const found = Object.values<StatementFormat>(allFormats).find(({ mediaType }) => mediaType === accepted);
  if (found !== undefined) return found;
  const detail = `Accept one of ${[...new Set(statementMediaTypes)].join(', ')}, or ask for a format.`;
  throw new RefusalError('not_acceptable', detail, { formats: formatNames });
}

/** How long a client may take in nothing of what waits for it. */
const stalledMs = 60_000;
/** What is sent together: a line would be a packet of its own. */
const pieceLength = 16_384;

/** What a caller asks of a format. */
export interface OptionsAsked {
  readonly version?: string | undefined;
  readonly language?: StatementLanguage | undefined;
}

/** Throws RefusalError `validation_failed` where the format has no such version. */
export function readOptions(format: StatementFormat, { version, language }: OptionsAsked): FormatOptions {
  const versions: readonly string[] = format.versions ?? [];
  if (version !== undefined && !versions.includes(version)) {
    const message = versions.length === 0 ? 'is not for this format' : `must be one of ${versions.join(', ')}`;
    throw invalidInput([{ path: 'version', message }], 'query');
  }
  return { version, language };
}

/** Throws RefusalError `too_many_entries` where the format is not made for so many. */
function refuseTooLong({ fromVersion, toVersion }: Statement, { maxLines }: StatementFormat): void {
  const entries = toVersion - fromVersion + 1;
  if (maxLines === undefined || entries <= maxLines) return;
  const detail = `It has ${entries} entries, and this format takes at most ${maxLines}: take another, or fewer days.`;
  throw new RefusalError('too_many_entries', detail, { entries, limit: maxLines });
}

/** Answers a statement in a format, as a file of this name. Throws RefusalError `too_many_entries`. */
export async function sendStatement(
  { database, caller, account }: { database: Database; caller: Caller; account: AccountDocument },
  statement: Statement,
  { format, fileName, options }: { format: StatementFormat; fileName: string; options: FormatOptions },
): Promise<Streamed> {
  refuseTooLong(statement, format);
  const holderIds = account.holders.map(({ partyId }) => partyId);
  const names = await findNames(sourceOf(caller, database), caller.boundParty, account.id, holderIds);
  const document = {
    statement,
    account: { name: account.name, externalId: account.externalId },
    holders: holderIds.map((id) => ({ id, name: names.get(id) ?? null })),
  };
  // It stands for the statement in all formats, in which the same says the same: a weak one (RFC 9110, section 8.8.1).
  const etag = statement.number === null ? {} : { ETag: `W/"${statement.hash}"` };
  return {
    isDocument: true,
    mediaType: format.mediaType,
    headers: {
      ...etag,
      Vary: 'Accept, Accept-Language',
      'Content-Disposition': `attachment; filename="${fileName}.${format.fileExtension}"`,
    },
    write: (to, signal) =>
      writePieces(to, format.write(document, readLines(database, caller, statement), options), signal),
  };
}

/** Writes what a format makes as fast as the client takes it in, in pieces of some length. */
async function writePieces(to: Writable, made: AsyncIterable<string | Uint8Array>, signal: AbortSignal): Promise<void> {
  let gathered = '';
  const flush = async () => {
    if (gathered !== '') await writeAndWait(to, gathered, { signal, stalledMs });
    gathered = '';
  };
  for await (const part of made) {
    if (signal.aborted) return;
    if (typeof part === 'string') gathered += part;
    else {
      await flush();
      await writeAndWait(to, part, { signal, stalledMs });
    }
    if (gathered.length >= pieceLength) await flush();
  }
  await flush();
}
