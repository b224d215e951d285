import type { LedgerSource } from '../database/ledger-transaction.ts';
import { RefusalError } from '../errors/refusal.ts';
import { formatPlace, type LogPlace, parseLineage } from './log-place.ts';
import { findPlace, latestPlace } from './read-log.ts';
import { lifeOfServer } from './server-life.ts';

/**
 * Makes sure that what a reader has seen is what the log has up to this place. Throws RefusalError `log_forked` when it
 * is not: a copy from before was put back, or a standby that lacked the last of it took over. The refusal has the last
 * place that both have in common, if it can be told, so that nothing is passed over in silence.
 */
export async function checkPlace(source: LedgerSource, place: LogPlace): Promise<void> {
  if (place.position < 0) return;
  const ours = await findPlace(source, place.position);
  if (ours !== undefined && formatPlace(ours) === formatPlace(place)) return;
  const common = await lastCommonPosition(source, place);
  const lastCommon = common === null ? undefined : await findPlace(source, common);
  const detail =
    `The log has another history from ${common === null ? 'an earlier place' : `position ${common + 1}`} on than the ` +
    `one that this cursor is of: the database was taken back. What came behind that place is void; go on behind ` +
    `${lastCommon === undefined ? 'an earlier cursor, or begin anew' : 'the last common one'}.`;
  throw new RefusalError('log_forked', detail, {
    lastCommonPosition: common,
    lastCommonCursor: lastCommon === undefined ? null : formatPlace(lastCommon),
  });
}

interface NumberRow {
  first_position: number;
  lineage: string;
}

/**
 * The last position that this log has in common with the one that a place is of, null when that can't be told from
 * where the last three numbers of each began. A log divides only where one of its numbers ends.
 */
async function lastCommonPosition(source: LedgerSource, place: LogPlace): Promise<number | null> {
  const { knex, ledgerId } = source;
  const numbers: NumberRow[] = await knex('log_numbers')
    .select('first_position', 'lineage')
    .where('ledger_id', ledgerId)
    .orderBy('number');
  const latest = await latestPlace(source);
  let theirEnd = place.position;
  for (const [age, beginning] of parseLineage(place.lineage).entries()) {
    const index = numbers.findIndex(({ lineage }) => {
      const [own] = parseLineage(lineage);
      return own!.position === beginning.position && own!.hash === beginning.hash;
    });
    if (index >= 0) {
      const next = numbers[index + 1];
      const ourEnd = next === undefined ? latest.position : next.first_position - 1;
      // Other blocks within one number, or too few of them in the same life: only the first is sure.
      const isWithin = age === 0 && (place.position <= ourEnd || (next === undefined && (await isSameLife(source))));
      return isWithin ? beginning.position : Math.min(ourEnd, theirEnd);
    }
    theirEnd = beginning.position - 1;
  }
  return null;
}

/** Whether the log was last continued in the present life of its server. */
async function isSameLife({ knex, ledgerId }: LedgerSource): Promise<boolean> {
  const row = await knex('logs as l')
    .where('l.ledger_id', ledgerId)
    .first(knex.raw(`l.server_life = ${lifeOfServer} as same`));
  return row?.same === true;
}
