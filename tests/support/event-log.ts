import { pino } from 'pino';
import type { Database } from '../../src/database/create-database.ts';
import { logQueue } from '../../src/log/log-queue.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import { until } from './lock-witness.ts';

/** Appends to the logs of all ledgers whatever is committed, as workers do, until nothing waits. */
export function untilLogged({ database }: { database: Database }): Promise<void> {
  return until(async () => {
    const waiting: string[] = await database('log_inbox').distinct('ledger_id').pluck('ledger_id');
    for (const ledgerId of waiting) await runBatch({ database, logger: pino({ level: 'silent' }) }, logQueue, ledgerId);
    return waiting.length === 0;
  });
}
