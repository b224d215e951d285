import type { Logger } from 'pino';
import type { Database } from '../database/create-database.ts';
import type { PostingEngine } from '../ledger/posting-engine.ts';

/** What the routes of every room are given. */
export interface ServiceParts {
  /** For reading. Whatever changes the books goes through the engine. */
  readonly database: Database;
  readonly engine: PostingEngine;
  readonly logger: Logger;
  /** True once the process has been told to stop. */
  readonly isDraining: () => boolean;
  /** What Prometheus reads: of this process, or of all processes of the cluster that it is one of. */
  readonly readMetrics: () => Promise<string>;
}
