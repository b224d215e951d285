import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../database/create-database.ts';
import { openSession } from '../database/open-session.ts';
import { SessionWatch } from '../database/session-watch.ts';
import type { Hints, Topic } from '../http/service-parts.ts';
import { createHintPace } from './hint-pace.ts';
import { restUntil } from './rest-until.ts';

/**
 * Hints between all processes of the service that there may be something new, for those who would find it anyway the
 * next time they look. To give one costs nothing; many in a row are told as one.
 */
export interface WakeUp extends Hints {
  /** Calls `listener` with each hint: the ledgers that it is about. */
  onHint(listener: (ledgerIds: readonly string[]) => void): void;
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
/** What may stand in a notification in the place of the first ledger, and then says what the other words are. */
const topics: readonly string[] = ['keys', 'rates'] satisfies readonly Topic[];
/** That an API key has ended. */
export const keysEndedNotice = 'keys' satisfies Topic;
/** A notification has room for two hundred ids (PostgreSQL manual, NOTIFY); one about more names none. */
const maxNamed = 200;

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
  const gathered = new Set<string>();
  const listening = listen();

  async function listen(): Promise<void> {
    while (!signal.aborted) {
      await receiveHints(url, signal, (words) => {
        const [first = '', ...others] = words;
        if (topics.includes(first)) hints.emit(first, others);
        else hints.emit('hint', words);
      }).catch((error) => {
        logger.debug({ err: error }, 'no hints come from the database; work is found by looking for it');
      });
      await sleep(reconnectMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  function tellOthers(): void {
    gathering = undefined;
    const ledgerIds = [...gathered];
    gathered.clear();
    hints.emit('hint', ledgerIds);
    notify((ledgerIds.length > maxNamed ? [] : ledgerIds).join(' '));
  }

  function notify(payload: string): void {
    database.raw('select pg_notify(?, ?)', [hintChannel, payload]).catch((error) => {
      logger.debug({ err: error }, 'a hint could not be sent');
    });
  }

  return {
    hint(ledgerId) {
      if (signal.aborted) return;
      gathered.add(ledgerId);
      gathering ??= setTimeout(tellOthers, waitMs());
    },
    onHint(listener) {
      hints.on('hint', listener);
    },
    onTold(topic, listener) {
      hints.on(topic, listener);
    },
    tell(topic, words = []) {
      if (signal.aborted) return;
      hints.emit(topic, words);
      notify([topic, ...words].join(' '));
    },
    rest: (ms, until) => restUntil(hints, 'hint', ms, until),
    async stop() {
      stopping.abort();
      clearTimeout(gathering);
      await listening;
    },
  };
}

/** Receives hints until the session ends, or the signal is aborted. */
async function receiveHints(
  url: string,
  signal: AbortSignal,
  onHint: (words: readonly string[]) => void,
): Promise<void> {
  const watch = new SessionWatch(() => {});
  const end = () => watch.endAll();
  signal.addEventListener('abort', end);
  try {
    const { session } = await openSession(watch, {
      ...{ url, applicationName: 'joint-ledger hints' },
      ...{ connectTimeoutMs: 5_000, statementTimeoutMs: 5_000 },
    });
    const ended = new Promise<void>((resolve) => session.onEnd(resolve));
    session.onNotification((payload) => onHint(payload.split(' ').filter((word) => word !== '')));
    await session.query({ text: `listen ${hintChannel}` });
    await ended;
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
