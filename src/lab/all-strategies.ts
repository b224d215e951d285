import { advisoryLock } from './strategies/advisory-lock.ts';
import { atomicUpdate } from './strategies/atomic-update.ts';
import { forUpdate } from './strategies/for-update.ts';
import { forUpdateArrival } from './strategies/for-update-arrival.ts';
import { groupedEngine } from './strategies/grouped-engine.ts';
import { lockTable } from './strategies/lock-table.ts';
import { noWait } from './strategies/no-wait.ts';
import { nothing } from './strategies/nothing.ts';
import { optimisticVersion } from './strategies/optimistic-version.ts';
import { repeatableRead } from './strategies/repeatable-read.ts';
import { repeatableReadRetry } from './strategies/repeatable-read-retry.ts';
import { serializable } from './strategies/serializable.ts';
import { serializableRetry } from './strategies/serializable-retry.ts';
import { skipLocked } from './strategies/skip-locked.ts';
import { transaction } from './strategies/transaction.ts';
import { uniqueKey } from './strategies/unique-key.ts';
import { uniqueKeyOnConflict } from './strategies/unique-key-on-conflict.ts';
import type { Strategy } from './strategy.ts';

/** In the order in which a comparison shows them. */
export const allStrategies: readonly Strategy[] = [
  nothing,
  transaction,
  forUpdate,
  forUpdateArrival,
  noWait,
  skipLocked,
  atomicUpdate,
  optimisticVersion,
  repeatableRead,
  repeatableReadRetry,
  serializable,
  serializableRetry,
  lockTable,
  advisoryLock,
  uniqueKey,
  uniqueKeyOnConflict,
  groupedEngine,
];
