import { EventEmitter } from 'node:events';
import { KnownLedgers } from '../ledger/known-ledgers.ts';
import { backoffMs } from './backoff.ts';
import { lookForWork } from './claim-work.ts';
import { restUntil } from './rest-until.ts';
import type { WorkContext } from './run-batch.ts';
import type { WakeUp } from './wake-up.ts';
import type { WorkQueue } from './work-queue.ts';

export interface SurveyOptions extends WorkContext {
  readonly queues: readonly WorkQueue[];
  readonly wakeUp: WakeUp;
}

/** How often a ledger is looked at, unless there are too many. */
const roundMs = 2_000;
/** The pause between two ledgers: however many there are, no more than twenty a second are looked at. */
const pauseMs = 50;
/** Queues for which no caller waits are asked for in every fifth round; each makes the question dearer. */
const fullEvery = 5;
/** How long a ledger is left alone whose node does not answer. */
const pauses = { firstMs: 1_000, maxMs: 60_000 };

type Look = (ledgerId: string) => Promise<string[]>;

/**
 * Where ledgers live on several nodes, a question about all of them would visit every node and fail with any. So each
 * ledger is asked by itself, for several queues at once, and the queues' lanes take what was found. A ledger in which
 * something was just committed comes first; the others come round within two seconds, or twenty a second. One that does
 * not answer is left alone for a while.
 */
export class LedgerSurvey {
  readonly #options: SurveyOptions;
  readonly #known: KnownLedgers;
  readonly #lookForUrgent: Look;
  readonly #lookForAll: Look;
  readonly #found = new Map<string, Set<string>>();
  readonly #finds = new EventEmitter();
  readonly #hinted = new Set<string>();
  readonly #away = new Map<string, { failures: number; until: number }>();
  #problem: unknown;

  /** @param signal Ends it. */
  constructor(options: SurveyOptions, signal: AbortSignal) {
    const { database, queues, wakeUp } = options;
    this.#options = options;
    this.#known = new KnownLedgers(database);
    const urgent = queues.filter(({ isUrgent }) => isUrgent);
    this.#lookForUrgent = lookForWork(database, 'look-for-urgent-work', urgent);
    this.#lookForAll = lookForWork(database, 'look-for-work', queues);
    this.#finds.setMaxListeners(0);
    wakeUp.onHint((ledgerIds) => {
      for (const ledgerId of ledgerIds) {
        this.#hinted.add(ledgerId);
        // Perhaps it is new.
        this.#known.add(ledgerId);
      }
    });
    void this.#run(signal);
  }

  /** The ledgers in which this queue was found to have work, each once. Throws when no ledger answers. */
  take(queue: WorkQueue): string[] {
    const found = this.#found.get(queue.name);
    this.#found.delete(queue.name);
    if (found === undefined && this.#problem !== undefined) throw this.#problem;
    return [...(found ?? [])];
  }

  /** Notes that this queue has work in a ledger, or may still have. */
  add(queue: string, ledgerId: string): void {
    const found = this.#found.get(queue);
    if (found === undefined) this.#found.set(queue, new Set([ledgerId]));
    else found.add(ledgerId);
    this.#finds.emit(queue);
  }

  /** Waits until something was found for this queue, for `ms` at most. */
  async rest(queue: WorkQueue, ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#found.has(queue.name)) await restUntil(this.#finds, queue.name, ms, signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let round = 0; !signal.aborted; round++) {
      const endsAt = performance.now() + roundMs;
      try {
        await this.#lookAtAll(round % fullEvery === 0 ? this.#lookForAll : this.#lookForUrgent, signal);
      } catch (error) {
        this.#problem = error;
      }
      for (let ms = 1; ms > 0 && !signal.aborted; ms = endsAt - performance.now()) await this.#rest(ms, signal);
    }
  }

  async #lookAtAll(look: Look, signal: AbortSignal): Promise<void> {
    let answered = 0;
    let failure: unknown;
    for (const ledgerId of await this.#known.read()) {
      if (signal.aborted) return;
      if ((this.#away.get(ledgerId)?.until ?? 0) > performance.now()) continue;
      const error = await this.#lookAt(ledgerId, look);
      if (error === undefined) answered++;
      failure ??= error;
      await this.#rest(pauseMs, signal);
    }
    if (answered > 0) this.#problem = undefined;
    else this.#problem = failure ?? this.#problem;
  }

  /** Until a hint comes, which is followed at once. */
  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    await this.#options.wakeUp.rest(ms, signal);
    const hinted = [...this.#hinted];
    this.#hinted.clear();
    for (const ledgerId of hinted) await this.#lookAt(ledgerId, this.#lookForUrgent);
  }

  /** Answers what it failed with. */
  async #lookAt(ledgerId: string, look: Look): Promise<unknown> {
    const { logger } = this.#options;
    try {
      for (const queue of await look(ledgerId)) this.add(queue, ledgerId);
      this.#away.delete(ledgerId);
      return undefined;
    } catch (error) {
      const failures = (this.#away.get(ledgerId)?.failures ?? 0) + 1;
      this.#away.set(ledgerId, { failures, until: performance.now() + backoffMs(failures, pauses) });
      logger.debug({ err: error, ledgerId, failures }, 'a ledger could not be asked for work');
      return error;
    }
  }
}
