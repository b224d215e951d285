import type { Strategy } from '../strategy.ts';
import { advisoryLock } from './advisory-lock.ts';
import { atomicUpdate } from './atomic-update.ts';
import { forUpdate } from './for-update.ts';
import { forUpdateArrival } from './for-update-arrival.ts';
import { groupedEngine } from './grouped-engine.ts';
import { lockTable } from './lock-table.ts';
import { noWait } from './no-wait.ts';
import { nothing } from './nothing.ts';
import { optimisticVersion } from './optimistic-version.ts';
import { repeatableRead } from './repeatable-read.ts';
import { repeatableReadRetry } from './repeatable-read-retry.ts';
import { serializable } from './serializable.ts';
import { serializableRetry } from './serializable-retry.ts';
import { skipLocked } from './skip-locked.ts';
import { transaction } from './transaction.ts';
import { uniqueKey } from './unique-key.ts';
import { uniqueKeyOnConflict } from './unique-key-on-conflict.ts';

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
