import { setTimeout as sleep } from 'node:timers/promises';
import { sqlStateOf } from '../database/sqlstate.ts';
import { RefusalError } from '../errors/refusal.ts';
import type { PostingEngine } from '../ledger/posting-engine.ts';
import type { CallerRecord, Pause, RecordedStatement } from './lab-messages.ts';
import type { CallerAnswer } from './run-result.ts';
import type { Play } from './scenario.ts';
import type { SessionPool } from './session-pool.ts';
import { nowUs } from './shared-clock.ts';
import { Refused, type Strategy } from './strategy.ts';

export interface CallerOptions {
  readonly caller: number;
  readonly play: Play;
  readonly strategy: Strategy;
  readonly thinkMs: number;
  /** Undefined for a strategy that posts, which has the engine instead. */
  readonly pool: SessionPool | undefined;
  readonly engine: PostingEngine | undefined;
  readonly startUs: number;
}

/** A caller that is refused so often gives up. */
const maxRetries = 40;
const firstPauseMs = 2;
const maxPauseMs = 100;

/** Plays one caller: waits for a session, does its work in the way of the strategy, and notes what happened when. */
export async function playCaller(options: CallerOptions): Promise<CallerRecord> {
  const { caller, play, strategy, thinkMs, pool, engine, startUs } = options;
  const now = () => nowUs() - startUs;
  const pauses: Pause[] = [];
  const pause = async (kind: Pause['kind'], ms: number) => {
    const fromUs = now();
    await sleep(ms);
    pauses.push({ kind, fromUs, toUs: now() });
  };
  let retries = 0;
  const atHand = {
    think: () => pause('thinking', thinkMs),
    async again() {
      if (++retries > maxRetries) throw new Error(`gave up after ${maxRetries} tries`);
      // Full jitter: callers that collided once do not come back together.
      await pause('pausing', Math.random() * Math.min(maxPauseMs, firstPauseMs * 2 ** retries));
    },
  };
  const answer = (request: Promise<string>) => answerOf(request, () => ({ caller, retries, atUs: now() }));

  const unrecorded = { caller, name: play.name, sessionUs: null, pid: null, transactionId: null, statements: [] };
  if (strategy.post !== undefined && play.kind === 'change') {
    const work = { ...play.work, ...atHand };
    let transactionId: string | null = null;
    const inEngine: PostingEngine = {
      async submit(operation) {
        transactionId = (operation.command as { id: string }).id;
        const fromUs = now();
        try {
          return await engine!.submit(operation);
        } finally {
          pauses.push({ kind: 'engine', fromUs, toUs: now() });
        }
      },
    };
    const answered = await answer(strategy.post(inEngine, work).then(play.told));
    return { ...unrecorded, transactionId, pauses, answer: answered };
  }

  const session = await pool!.take();
  const sessionUs = now();
  const statements: RecordedStatement[] = [];
  session.record({ startUs, statements });
  const answered = await answer(request(strategy, play, session.database, atHand));
  session.record(undefined);
  pool!.giveBack(session);
  return { ...unrecorded, sessionUs, pid: session.pid, statements, pauses, answer: answered };
}

/** What the caller does, and what it is told. */
async function request(
  strategy: Strategy,
  play: Play,
  knex: Parameters<NonNullable<Strategy['change']>>[0],
  atHand: { think(): Promise<void>; again(): Promise<void> },
): Promise<string> {
  if (play.kind === 'change') {
    await strategy.change!(knex, { ...play.work, ...atHand });
    return play.told();
  }
  if (play.kind === 'getOrCreate') return `${await strategy.getOrCreate!(knex, { ...play.work, ...atHand })}`;
  const task = await strategy.claim!(knex, { ...play.work, ...atHand });
  if (task === undefined) throw new Refused(404, 'no task is free');
  return `task ${task}`;
}

async function answerOf(
  request: Promise<string>,
  known: () => Pick<CallerAnswer, 'caller' | 'retries' | 'atUs'>,
): Promise<CallerAnswer> {
  try {
    const text = await request;
    return { ...known(), outcome: 'done', text, status: 200, sqlState: null };
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const sqlState = sqlStateOf(error) ?? sqlStateOf(cause) ?? null;
    if (error instanceof Refused) {
      return { ...known(), outcome: 'refused', text: error.message, status: error.status, sqlState };
    }
    const text = error instanceof RefusalError ? error.refusal.detail : messageOf(error);
    return { ...known(), outcome: 'failed', text, status: 500, sqlState };
  }
}

/** Knex puts the statement before the server's words. */
function messageOf(error: unknown): string {
  const { message } = error as Error;
  return message.slice(message.lastIndexOf(' - ') < 0 ? 0 : message.lastIndexOf(' - ') + 3);
}
