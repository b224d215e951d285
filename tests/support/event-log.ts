import { pino } from 'pino';
import type { Database } from '../../src/database/create-database.ts';
import { logQueue } from '../../src/log/log-queue.ts';
import { runBatch } from '../../src/workers/run-batch.ts';
import { until } from './lock-witness.ts';

/** Appends to the ledger's log whatever is committed, as workers do, until nothing waits; without a ledger, to all. */
export function untilLogged({ database, ledgerId }: { database: Database; ledgerId?: string }): Promise<void> {
  return until(async () => {
    const ofLedger = ledgerId === undefined ? {} : { ledger_id: ledgerId };
    const waiting: string[] = await database('log_inbox').where(ofLedger).distinct('ledger_id').pluck('ledger_id');
    for (const id of waiting) await runBatch({ database, logger: pino({ level: 'silent' }) }, logQueue, id);
    return waiting.length === 0;
  });
}
