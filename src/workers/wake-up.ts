import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../database/create-database.ts';
import { openSession } from '../database/open-session.ts';
import { SessionWatch } from '../database/session-watch.ts';
import type { Hints } from '../http/service-parts.ts';
import { createHintPace } from './hint-pace.ts';

/**
 * Hints between all processes of the service that there may be something new, for those who would find it anyway the
 * next time they look. To give one costs nothing; many in a row are told as one.
 */
export interface WakeUp extends Hints {
  stop(): Promise<void>;
}

export interface WakeUpOptions {
  readonly url: string;
  readonly database: Database;
  readonly logger: Logger;
}

/** Where hints travel between processes. */
export const hintChannel = 'joint_ledger_work';
const reconnectMs = 5_000;

/**
 * Hints travel by NOTIFY where the database has it (PostgreSQL manual, NOTIFY), outside of all transactions that book:
 * one with a notification takes a lock at COMMIT that all others like it wait for. Where it doesn't work (behind a
 * transaction pooler, on other databases of its kind), hints stay within the process.
 */
export function startWakeUp({ url, database, logger }: WakeUpOptions): WakeUp {
  const hints = new EventEmitter();
  hints.setMaxListeners(0);
  const stopping = new AbortController();
  const { signal } = stopping;
  const waitMs = createHintPace();
  let gathering: NodeJS.Timeout | undefined;
  const listening = listen();

  async function listen(): Promise<void> {
    while (!signal.aborted) {
      await receive().catch((error) => {
        logger.debug({ err: error }, 'no hints come from the database; work is found by looking for it');
      });
      await sleep(reconnectMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** Receives hints until the session ends, or we stop. */
  async function receive(): Promise<void> {
    const watch = new SessionWatch(() => {});
    const end = () => watch.endAll();
    signal.addEventListener('abort', end);
    try {
      const { session } = await openSession(watch, {
        ...{ url, applicationName: 'joint-ledger hints' },
        ...{ connectTimeoutMs: 5_000, statementTimeoutMs: 5_000 },
      });
      const ended = new Promise<void>((resolve) => session.onEnd(resolve));
      session.onNotification(() => hints.emit('hint'));
      await session.query({ text: `listen ${hintChannel}` });
      await ended;
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
  }

  function tellOthers(): void {
    gathering = undefined;
    hints.emit('hint');
    database.raw('select pg_notify(?, ?)', [hintChannel, '']).catch((error) => {
      logger.debug({ err: error }, 'a hint could not be sent');
    });
  }

  return {
    hint() {
      if (!signal.aborted) gathering ??= setTimeout(tellOthers, waitMs());
    },
    async rest(ms, until) {
      if (until.aborted) return;
      const enough = new AbortController();
      const { signal: over } = enough;
      const end = () => enough.abort();
      // Not AbortSignal.any: Node.js 20 keeps something of each for as long as `until` lives.
      until.addEventListener('abort', end);
      const hinted = once(hints, 'hint', { signal: over }).catch(() => {});
      const slept = sleep(ms, undefined, { signal: over }).catch(() => {});
      await Promise.race([hinted, slept]);
      until.removeEventListener('abort', end);
      enough.abort();
    },
    async stop() {
      stopping.abort();
      clearTimeout(gathering);
      await listening;
    },
  };
}
