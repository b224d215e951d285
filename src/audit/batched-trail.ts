import type { Logger } from 'pino';
import type { Database } from '../database/create-database.ts';
import { sqlStateOf } from '../database/sqlstate.ts';
import type { AuditTrail } from '../http/audit-note.ts';
import { metrics } from '../metrics/service-metrics.ts';
import { type AuditEntry, auditEntry } from './audit-entry.ts';
import { RefusalFloods } from './refusal-floods.ts';
import { writeAuditEntries } from './write-audit-entries.ts';

const writeEveryMs = 200;
const maxInBatch = 500;
const maxWaiting = 5_000;

export interface BatchedTrail extends AuditTrail {
  /** Writes what waits, in one try. Whatever comes later is dropped. */
  stop(): Promise<void>;
}

/**
 * The audit trail of a process: entries wait in memory and are written together, so that no request waits for its
 * entry. What can't be written waits for the next time; more than `maxWaiting` is dropped, and counted.
 */
export function createBatchedTrail(options: { database: Database; logger: Logger }): BatchedTrail {
  const floods = new RefusalFloods();
  const queue = new WaitingEntries(options);
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();
  let hasStopped = false;

  async function write(now: number): Promise<void> {
    for (const entry of floods.takeEnded(now)) queue.put(entry);
    await queue.write();
  }

  function writeSoon(): void {
    if (timer !== undefined || hasStopped) return;
    timer = setTimeout(() => {
      writing = write(performance.now()).finally(() => {
        timer = undefined;
        if (!queue.isEmpty || floods.isCounting) writeSoon();
      });
    }, writeEveryMs).unref();
  }

  return {
    note(note) {
      const entry = auditEntry(note);
      if (hasStopped) queue.drop([entry]);
      else if (note.code === null || floods.passes(entry, performance.now())) queue.put(entry);
      writeSoon();
    },
    async stop() {
      hasStopped = true;
      clearTimeout(timer);
      await writing;
      await write(Number.POSITIVE_INFINITY);
      queue.giveUp();
    },
  };
}

/** Entries that are to be written, and how many were not. */
class WaitingEntries {
  readonly #database: Database;
  readonly #logger: Logger;
  #entries: AuditEntry[] = [];
  #dropped = 0;
  #isFailing = false;

  constructor({ database, logger }: { database: Database; logger: Logger }) {
    this.#database = database;
    this.#logger = logger;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  put(entry: AuditEntry): void {
    if (this.#entries.length < maxWaiting) this.#entries.push(entry);
    else this.drop([entry]);
  }

  drop(entries: readonly AuditEntry[]): void {
    const count = entries.reduce((sum, entry) => sum + entry.count, 0);
    this.#dropped += count;
    metrics.auditDropped.inc(count);
  }

  /** Writes what waits now, until a batch fails. That one goes behind the others, which may be of other servers. */
  async write(): Promise<void> {
    for (let left = this.#entries.length; left > 0; ) {
      const { ledgerId } = this.#entries[0]!;
      const batch = this.#entries.filter((entry) => entry.ledgerId === ledgerId).slice(0, maxInBatch);
      const isDone = await this.#writeBatch(ledgerId, batch);
      const inBatch = new Set(batch);
      const others = this.#entries.filter((entry) => !inBatch.has(entry));
      this.#entries = isDone ? others : [...others, ...batch];
      if (!isDone) return;
      left -= batch.length;
    }
    this.#reportDropped();
  }

  /** Drops what waits. */
  giveUp(): void {
    this.drop(this.#entries.splice(0));
    this.#reportDropped();
  }

  /** Answers whether nothing is left to be done about them. */
  async #writeBatch(ledgerId: string, batch: readonly AuditEntry[]): Promise<boolean> {
    try {
      await writeAuditEntries({ knex: this.#database, ledgerId }, batch);
      this.#isFailing = false;
      return true;
    } catch (error) {
      if (!this.#isFailing) this.#logger.warn({ err: error }, 'entries of the audit trail could not be written yet');
      this.#isFailing = true;
      // What breaks a rule of the table does so again (PostgreSQL manual, appendix A, classes 22 and 23).
      const breaksRules = /^2[23]/.test(sqlStateOf(error) ?? '');
      if (breaksRules) this.drop(batch);
      return breaksRules;
    }
  }

  #reportDropped(): void {
    if (this.#dropped > 0) this.#logger.error({ dropped: this.#dropped }, 'entries of the audit trail were dropped');
    this.#dropped = 0;
  }
}
