import type { Logger } from 'pino';
import type { Database } from '../database/create-database.ts';
import type { Readiness } from '../database/readiness.ts';
import type { PostingEngine } from '../ledger/posting-engine.ts';
import type { AuditTrail } from './audit-note.ts';
import type { Caller, TokenVerifier } from './caller.ts';
import type { RateLimits } from './rate-limits.ts';

/** What the routes of every room are given. */
export interface ServiceParts extends HealthParts {
  /** For reading. Whatever changes the books goes through the engine. */
  readonly database: Database;
  readonly engine: PostingEngine;
  readonly wakeUp: Hints;
  readonly rateLimits: RateLimits;
  readonly tokens: TokenVerifier;
  /** The engine as this caller may use it. */
  guard(engine: PostingEngine, database: Database, caller: Caller): PostingEngine;
  readonly audit: AuditTrail;
  /** Whether requests in clear text from beyond this machine are refused. */
  readonly requireTls: boolean;
}

/** What the routes for operators are given. */
export interface HealthParts {
  readonly logger: Logger;
  readonly readiness: Pick<Readiness, 'problem'>;
  /** Aborted once the process has been told to stop. */
  readonly draining: AbortSignal;
  /** What Prometheus reads: of this process, or of all processes of the cluster that it is one of. */
  readonly readMetrics: () => Promise<string>;
  /** What keeps the workers of this process from working; undefined when nothing does, or there are none. */
  readonly workerProblem: () => string | undefined;
}

/** What processes tell each other besides hints: that an API key has ended; whom they let in. */
export type Topic = 'keys' | 'rates';

/** Between those who commit something and those who look for it. */
export interface Hints {
  /** Notifies all processes that something was committed in this ledger. */
  hint(ledgerId: string): void;
  /** Tells all processes about this: at once, and with luck, so nothing may depend on it. The words have no spaces. */
  tell(topic: Topic, words?: readonly string[]): void;
  onTold(topic: Topic, listener: (words: readonly string[]) => void): void;
  /** Waits for a hint, for `ms` at most, or until the signal is aborted. */
  rest(ms: number, signal: AbortSignal): Promise<void>;
}

/** Where webhooks may go in addition to public https addresses. */
export interface TargetRules {
  readonly allowHttp: boolean;
  /** Hosts and networks that may be called although they are not public. */
  readonly allowed: readonly AllowedTarget[];
}

/** What the operator lists in `WEBHOOK_ALLOW`: a host or a network, at one port or at all of them. */
export type AllowedTarget = (AllowedHost | AllowedNetwork) & { readonly port?: number };

interface AllowedHost {
  /** `hooks.internal`, or `*.internal` for all that is below it. */
  readonly host: string;
}

interface AllowedNetwork {
  readonly network: string;
  readonly prefix: number;
}
