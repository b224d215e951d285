import { hash as digest } from 'node:crypto';
import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { createId } from '../ledger/create-id.ts';
import { continueLineage, hashDigits } from './log-place.ts';
import { blockSize } from './read-log.ts';
import { lifeOfServer } from './server-life.ts';

/** So many groups of movements are appended in one transaction. */
const maxTaken = 1_000;

/** Where a log ends, and which life of the database server it was written in. */
interface LogEnd {
  number: number;
  last_position: number | null;
  /** In hexadecimal digits. */
  hash: string | null;
  lineage: string | null;
  server_life: string | null;
  life: string;
  now: Date;
}

/** A group's row in the inbox, its arrays as PostgreSQL writes them. */
interface InboxRow {
  stamp: number;
  salt: number;
  account_ids: string;
  sequences: string;
  versions: string | null;
  event_ids: string | null;
}

/** What a block names: four columns of text, `NULL` where there is nothing. */
interface Named {
  accountIds: string[];
  sequences: string[];
  versions: string[];
  eventIds: string[];
}

/**
 * Gives what is committed its positions in the ledger's log, and takes it out of the inbox. The log's row must be
 * locked: there is one that appends.
 *
 * What one statement sees of the inbox has no gap: rows are written under the locks of their accounts, so if one is
 * visible, all that was written before it on the same accounts is visible too, or in the log already (PostgreSQL
 * manual, chapter 13.2.1). The stamps put it in that order. No transaction that is still running is waited for.
 */
export async function appendToLog(transaction: LedgerTransaction): Promise<void> {
  const [end, taken] = await Promise.all([readEnd(transaction), takeInbox(transaction)]);
  if (taken.length === 0) return;
  const isElsewhere = end.server_life !== end.life;
  const isContinued = isElsewhere && end.server_life !== null && end.last_position !== null;
  const number = isContinued ? end.number + 1 : end.number;
  if (isElsewhere) await noteServer(transaction, number, end.life);
  const named = nameAll(taken);
  if (isContinued) nameFirst(named, await tellContinued(transaction, end, number));
  const appending = { position: (end.last_position ?? -1) + 1, hash: end.hash ?? '', number, at: end.now };
  const beginning = await writeBlocks(transaction, named, appending);
  if (isContinued || end.lineage === null) {
    await transaction.knex('log_numbers').insert({
      ledger_id: transaction.ledgerId,
      number,
      first_position: beginning.position,
      lineage: continueLineage(beginning, end.lineage),
    });
  }
}

async function readEnd({ knex, ledgerId, pipeline }: LedgerTransaction): Promise<LogEnd> {
  const { rows } = await pipeline.send(
    knex.raw(
      `select l.number, l.server_life, ${lifeOfServer} as life, clock_timestamp() as now,
              b.last_position, encode(b.hash, 'hex') as hash, n.lineage
       from logs l
       left join lateral (select last_position, hash from log_blocks
                          where ledger_id = :ledgerId order by last_position desc limit 1) b on true
       left join log_numbers n on n.ledger_id = :ledgerId and n.number = l.number
       where l.ledger_id = :ledgerId`,
      { ledgerId },
    ),
  );
  return rows[0];
}

/** All up to a stamp, so that what is taken is what one snapshot has of it. */
async function takeInbox({ knex, ledgerId, pipeline }: LedgerTransaction): Promise<InboxRow[]> {
  const { rows } = await pipeline.send(
    knex.raw(
      `delete from log_inbox
       where ledger_id = :ledgerId and stamp <= (
         select max(stamp) from (select stamp from log_inbox where ledger_id = :ledgerId
                                 order by stamp limit :maxTaken) as first)
       returning stamp, salt, account_ids::text, sequences::text, versions::text, event_ids::text`,
      { ledgerId, maxTaken },
    ),
  );
  return rows.sort((a: InboxRow, b: InboxRow) => a.stamp - b.stamp || a.salt - b.salt);
}

function nameAll(rows: readonly InboxRow[]): Named {
  const named: Named = { accountIds: [], sequences: [], versions: [], eventIds: [] };
  const items = (array: string) => array.slice(1, -1).split(',');
  for (const row of rows) {
    const accountIds = items(row.account_ids);
    const none = () => accountIds.map(() => 'NULL');
    named.accountIds.push(...accountIds);
    named.sequences.push(...items(row.sequences));
    named.versions.push(...(row.versions === null ? none() : items(row.versions)));
    named.eventIds.push(...(row.event_ids === null ? none() : items(row.event_ids)));
  }
  return named;
}

function nameFirst({ accountIds, sequences, versions, eventIds }: Named, eventId: string): void {
  for (const nothing of [accountIds, sequences, versions]) nothing.unshift('NULL');
  eventIds.unshift(eventId);
}

async function noteServer({ knex, ledgerId }: LedgerTransaction, number: number, life: string): Promise<void> {
  await knex('logs').where('ledger_id', ledgerId).update({ number, server_life: life });
}

/**
 * The server has another life than the one in which the log was written: it was restarted, or a copy of the books goes
 * on elsewhere, perhaps one that lacks what readers have seen. They are told where it goes on.
 */
async function tellContinued({ knex, ledgerId }: LedgerTransaction, end: LogEnd, number: number): Promise<string> {
  const id = createId();
  await knex('events').insert({
    ledger_id: ledgerId,
    id,
    type: 'log.continued',
    subject_id: ledgerId,
    occurred_at: end.now,
    data: JSON.stringify({ number, position: (end.last_position ?? -1) + 1 }),
  });
  return id;
}

/** Writes what is named as blocks, each chained to the one before. Answers where the first of them begins. */
async function writeBlocks(
  { knex, ledgerId }: LedgerTransaction,
  named: Named,
  appending: { position: number; hash: string; number: number; at: Date },
): Promise<{ position: number; hash: string }> {
  const rows = [];
  let { position, hash } = appending;
  const total = named.accountIds.length;
  for (let from = 0; from < total; from += blockSize) {
    const array = (column: readonly string[]) => `{${column.slice(from, from + blockSize).join()}}`;
    const some = (column: readonly string[]) => {
      const part = column.slice(from, from + blockSize);
      return part.every((item) => item === 'NULL') ? null : `{${part.join()}}`;
    };
    const arrays = {
      account_ids: array(named.accountIds),
      sequences: array(named.sequences),
      versions: some(named.versions),
      event_ids: some(named.eventIds),
    };
    hash = blockHash(hash, appending.at, Object.values(arrays));
    const last = position + Math.min(blockSize, total - from) - 1;
    rows.push({
      ledger_id: ledgerId,
      number: appending.number,
      first_position: position,
      last_position: last,
      appended_at: appending.at,
      hash: Buffer.from(hash, 'hex'),
      ...arrays,
    });
    position = last + 1;
  }
  await knex('log_blocks').insert(rows);
  return { position: appending.position, hash: rows[0]!.hash.toString('hex').slice(0, hashDigits) };
}

/** SHA-256 of the hash before (nothing for the first block), the time, and the columns as PostgreSQL writes them. */
function blockHash(before: string, at: Date, arrays: ReadonlyArray<string | null>): string {
  return digest('sha256', [before, at.toISOString(), ...arrays.map((array) => array ?? '')].join('|'), 'hex');
}
