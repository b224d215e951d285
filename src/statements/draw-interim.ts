import type { AccountDocument } from '../accounts/account-queries.ts';
import { awaitInstant } from '../accounts/balance-at.ts';
import { dayAfter, startOfDay } from '../accounts/time-zone.ts';
import type { Database } from '../database/create-database.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { RefusalError } from '../errors/refusal.ts';
import { createId } from '../ledger/create-id.ts';
import { countEntries } from './count-entries.ts';
import { type End, findEnds } from './find-cut.ts';
import { sealStatement } from './seal-statement.ts';
import type { Statement } from './statement.ts';

/** What is counted while a caller waits. */
const maxCounted = 200_000;

/**
 * Draws up a statement that has no number and is not stored, over the days from `from` to `to` in the account's time
 * zone, both included; a day that is not over yet goes as far as the clock. What is being booked meanwhile, and dated
 * earlier, is waited for, so that the same days give the same lines again.
 *
 * Throws RefusalError: `validation_failed` for days that have not begun, `ledger_busy` when that takes longer than two
 * seconds, `too_many_entries`.
 */
export async function drawInterim(
  database: Database,
  ledgerId: string,
  { id: accountId, currency, timeZone }: AccountDocument,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<Statement> {
  const source = { knex: database, ledgerId };
  const periodFrom = startOfDay(from, timeZone);
  const lastInstant = new Date(startOfDay(dayAfter(to), timeZone).getTime() - 1);
  const settled = await awaitInstant(database, ledgerId, { accountIds: [accountId], hasClearing: false }, lastInstant);
  const periodTo = new Date(settled.getTime() + 1);
  if (periodTo < periodFrom) {
    throw invalidInput([{ path: 'from', message: `must have begun in ${timeZone}, the account's time zone` }], 'query');
  }
  const endAt = async (before: Date): Promise<End> =>
    (await findEnds(source, [{ accountId, currency, before }])).get(accountId)!;
  const [start, end] = [await endAt(periodFrom), await endAt(periodTo)];
  const { toVersion } = end;
  const range = { accountId, currency, fromVersion: start.toVersion + 1, toVersion };
  const entries = toVersion - start.toVersion;
  if (entries > maxCounted) {
    const many = `Account ${accountId} has ${entries} entries from ${from} to ${to}`;
    const detail = `${many}, at most ${maxCounted} are counted. Ask for fewer days.`;
    throw new RefusalError('too_many_entries', detail, { entries, limit: maxCounted });
  }
  const { tally } = await countEntries(source, range);
  const beginning = { ...range, timeZone, opening: start.closing, periodFrom };
  return sealStatement({ id: createId(), number: null, beginning, end, periodTo, tally, issuedAt: new Date() });
}
