import {
  AnswerOverdueError,
  DatabaseSession,
  SessionEndedError,
  type SessionKeeper,
  type SessionOptions,
} from './session.ts';

/** How often statements are looked for that are overdue. */
const lookEveryMs = 250;

/**
 * Keeps an eye on the sessions of one pool: ends those whose server does not answer any more, and with one that is lost
 * the idle ones too. These go to the same server over the same network; to open them anew costs little, while each
 * would keep a caller waiting until it turned out to be lost as well.
 */
export class SessionWatch implements SessionKeeper {
  readonly #sessions = new Set<DatabaseSession>();
  readonly #onPooler: () => void;
  #looking: NodeJS.Timeout | undefined;

  /** @param onPooler Called when a statement that was planned in a session is not there any more. */
  constructor(onPooler: () => void) {
    this.#onPooler = onPooler;
  }

  /** A new session, which is watched from its first byte on. */
  create(options: SessionOptions): DatabaseSession {
    const session = new DatabaseSession(options, this);
    this.#sessions.add(session);
    this.#looking ??= setInterval(() => this.#look(), lookEveryMs).unref();
    return session;
  }

  closed(session: DatabaseSession): void {
    this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  lost(session: DatabaseSession): void {
    this.closed(session);
    this.endIdle();
  }

  statementMissing(): void {
    this.#onPooler();
  }

  /** Ends the sessions on which nothing is under way. */
  endIdle(): void {
    for (const session of this.#sessions) {
      if (session.isIdle) session.discard(new SessionEndedError('the session was to a server that others have lost'));
    }
  }

  /** Ends all sessions; what is under way fails. */
  endAll(): void {
    for (const session of this.#sessions) session.discard(new SessionEndedError('the session was closed'));
  }

  #look(): void {
    const now = performance.now();
    for (const session of this.#sessions) {
      if (session.isOverdue(now)) session.discard(new AnswerOverdueError('the database did not answer in time'));
    }
  }
}
