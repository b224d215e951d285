import type { LedgerSource } from '../database/ledger-transaction.ts';
import { RefusalError } from '../errors/refusal.ts';
import { checkPlace } from '../log/check-place.ts';
import { type LogPlace, parsePlace } from '../log/log-place.ts';

/** What cursors and ids were before the log had numbers: an epoch, a transaction id, a position. */
const outdated = /^\d{1,9}-\d{1,19}-\d{1,15}$/;

/**
 * The place that a cursor names: the id of the last event that a reader has seen, or where it has looked to. Throws
 * RefusalError `invalid_cursor`, `cursor_outdated` where an earlier version gave it, `log_forked`.
 */
export async function readEventCursor(source: LedgerSource, cursor: string): Promise<LogPlace> {
  const place = parseEventCursor(cursor);
  await checkPlace(source, place);
  return place;
}

/** The same before the log is asked. Throws RefusalError `invalid_cursor` and `cursor_outdated`. */
export function parseEventCursor(cursor: string): LogPlace {
  const place = parsePlace(cursor);
  if (place !== undefined) return place;
  if (outdated.test(cursor) || outdated.test(unwrap(cursor))) {
    const detail =
      'An earlier version gave this cursor. Start again without one: the sequence numbers of the accounts are still ' +
      'the same, so that what was seen before can be told by them.';
    throw new RefusalError('cursor_outdated', detail);
  }
  throw new RefusalError('invalid_cursor', 'The cursor is not one that this log gave. Start again without a cursor.');
}

/** Lists wrapped their places then; empty for anything else. */
function unwrap(cursor: string): string {
  try {
    const [list, place] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return list === 'events' ? String(place) : '';
  } catch {
    return '';
  }
}
