import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { databaseRefusal } from '../database/ledger-transaction.ts';
import { findServerKind } from '../database/server-kind.ts';
import { RefusalError } from '../errors/refusal.ts';
import { workMetrics } from '../metrics/work-metrics.ts';
import { backoffMs } from './backoff.ts';
import { findLedgersWithWork } from './claim-work.ts';
import { LedgerSurvey, type SurveyOptions } from './ledger-survey.ts';
import { measureQueues } from './measure-queues.ts';
import { runBatch } from './run-batch.ts';
import type { WorkQueue } from './work-queue.ts';

/** The workers of one process. */
export interface Workers {
  /** What keeps them from working at this moment, undefined when nothing does. */
  problem(): string | undefined;
  /** Claims nothing more, and finishes what is claimed. Answers false when that took longer than `drainMs`. */
  stop(drainMs: number): Promise<boolean>;
}

/** How long a queue in which nothing was due is left alone: first, and at most. A hint ends it. */
const firstRestMs = 50;
const maxRestMs = 2_000;
/** After the database failed. */
const pauses = { firstMs: 200, maxMs: 10_000 };
/**
 * A queue of which no batch and no round through the ledgers was finished for so long is stuck, or the database is
 * away.
 */
const stuckAfterMs = 60_000;

/** The lanes of a queue at this moment, and how many of them have no work. */
interface Crew {
  lanes: number;
  idle: number;
}

/** Works on these queues until it is told to stop: each in lanes of its own, so that none waits for another. */
export function startWorkers(options: SurveyOptions): Workers {
  return new RunningWorkers(options);
}

class RunningWorkers implements Workers {
  readonly #options: SurveyOptions;
  readonly #stopping = new AbortController();
  readonly #problems = new Map<WorkQueue, string>();
  readonly #lastRounds: Map<WorkQueue, number>;
  readonly #running = new Set<Promise<void>>();
  readonly #measuring: Promise<void>;
  #survey: LedgerSurvey | undefined;

  constructor(options: SurveyOptions) {
    this.#options = options;
    // Each lane listens for the end while it rests.
    setMaxListeners(0, this.#stopping.signal);
    this.#lastRounds = new Map(options.queues.map((queue) => [queue, performance.now()]));
    for (const queue of options.queues) this.#addLane(queue, { lanes: 0, idle: 0 });
    this.#measuring = measureQueues(options, options.queues, this.#stopping.signal);
  }

  problem(): string | undefined {
    const [first] = this.#problems.values();
    if (first !== undefined) return first;
    const now = performance.now();
    const stuck = this.#options.queues.find((queue) => now - this.#lastRounds.get(queue)! > stuckAfterMs);
    return stuck && `The queue ${stuck.name} has not got on for a minute.`;
  }

  async stop(drainMs: number): Promise<boolean> {
    this.#stopping.abort();
    const done = Promise.all([...this.#running, this.#measuring]).then(() => true);
    const enough = new AbortController();
    const late = sleep(drainMs, false, { signal: enough.signal }).catch(() => false);
    const inTime = await Promise.race([done, late]);
    enough.abort();
    return inTime;
  }

  #addLane(queue: WorkQueue, crew: Crew): void {
    crew.lanes++;
    crew.idle++;
    const lane = this.#runLane(queue, crew).finally(() => {
      crew.lanes--;
      this.#running.delete(lane);
    });
    this.#running.add(lane);
  }

  /**
   * Quick while there is work, ever slower while there is none. Once the only idle lane has claimed something, another
   * begins to look, as far as the queue may have more; of two that find nothing one ends. So all lanes are there when
   * they are needed, and a queue without work costs one look now and then.
   */
  async #runLane(queue: WorkQueue, crew: Crew): Promise<void> {
    const { logger, wakeUp } = this.#options;
    const { signal } = this.#stopping;
    let restMs = firstRestMs;
    let failures = 0;
    while (!signal.aborted) {
      let isIdle = true;
      const onClaimed = () => {
        if (!isIdle) return;
        isIdle = false;
        crew.idle--;
        if (crew.idle === 0 && crew.lanes < queue.lanes && !signal.aborted) this.#addLane(queue, crew);
      };
      try {
        const worked = await this.#runRound(queue, onClaimed);
        failures = 0;
        this.#problems.delete(queue);
        this.#lastRounds.set(queue, performance.now());
        if (worked > 0 && queue.gatherMs !== undefined)
          await sleep(queue.gatherMs, undefined, { signal }).catch(() => {});
        restMs = worked > 0 ? 0 : Math.min(maxRestMs, Math.max(firstRestMs, restMs * 2));
      } catch (error) {
        if (signal.aborted) break;
        failures++;
        restMs = backoffMs(failures, pauses);
        this.#problems.set(queue, `The queue ${queue.name} cannot be worked on: ${reasonOf(error)}`);
        logger.warn({ err: error, queue: queue.name, failures }, 'a queue could not be worked on');
      }
      if (!isIdle) crew.idle++;
      else if (crew.idle > 1) break;
      if (restMs === 0) continue;
      const ms = restMs * (0.75 + Math.random() / 2);
      if (this.#survey !== undefined && failures === 0) await this.#survey.rest(queue, ms, signal);
      else if (queue.isUrgent && failures === 0) await wakeUp.rest(ms, signal);
      else await sleep(ms, undefined, { signal }).catch(() => {});
    }
    crew.idle--;
  }

  /** One batch of each ledger that has work, so that a ledger with much of it does not keep the others waiting. */
  async #runRound(queue: WorkQueue, onClaimed: () => void): Promise<number> {
    const { database, wakeUp } = this.#options;
    const survey = await this.#surveyOfNodes();
    let worked = 0;
    let failure: unknown;
    for (const ledgerId of survey?.take(queue) ?? (await findLedgersWithWork(database, queue))) {
      if (this.#stopping.signal.aborted) break;
      workMetrics.running.inc({ queue: queue.name });
      try {
        const count = await runBatch(this.#options, queue, ledgerId, onClaimed);
        this.#lastRounds.set(queue, performance.now());
        if (count === 0) continue;
        worked += count;
        survey?.add(queue.name, ledgerId);
        wakeUp.hint(ledgerId);
      } catch (error) {
        // On several nodes it is perhaps only that of this ledger that is away.
        if (survey === undefined) throw error;
        failure ??= error;
      } finally {
        workMetrics.running.dec({ queue: queue.name });
      }
    }
    if (worked === 0 && failure !== undefined) throw failure;
    return worked;
  }

  /** Undefined where one question finds the work of all ledgers. */
  async #surveyOfNodes(): Promise<LedgerSurvey | undefined> {
    const { isDistributed } = await findServerKind(this.#options.database);
    if (isDistributed) this.#survey ??= new LedgerSurvey(this.#options, this.#stopping.signal);
    return this.#survey;
  }
}

/** For callers of `/readyz`, who get no SQL; the log has the error. */
function reasonOf(error: unknown): string {
  if (error instanceof RefusalError && error.refusal.code === 'clock_unreliable') return error.refusal.detail;
  const isOfDatabase = error instanceof RefusalError || databaseRefusal(error) !== undefined;
  return isOfDatabase ? 'the database is not available.' : 'the log says why.';
}
