import type { LoadFailure, LoadOrder, LoadReport } from './load-order.ts';
import { runLoad } from './run-load.ts';

/**
 * The process that plays the callers. It is told what to do by one message and answers with another, one load after the
 * other, and lives as long as the bench, so that its code is warm from the second run on.
 */
process.on('message', async (order: LoadOrder) => {
  const answer: LoadReport | LoadFailure = await runLoad(order).catch((error: Error) => ({
    failure: error.stack ?? error.message,
  }));
  process.send!(answer);
});
process.on('disconnect', () => process.exit());
