import type { BlockingSample } from './blocking-sampler.ts';
import type { LockWait } from './run-result.ts';
import type { PlacedStatement, TraceLanes } from './trace-lanes.ts';
import type { TracedTransaction } from './trace-transactions.ts';

/**
 * The statements that the sampler saw waiting for a lock. A wait begins with its statement. It ends when the
 * transaction of one that was waited for ended; where none did (a deadlock, a time limit), with the statement.
 */
export function traceWaits(
  samples: readonly BlockingSample[],
  lanes: TraceLanes,
  transactions: readonly TracedTransaction[],
): LockWait[] {
  const seen = new Map<PlacedStatement, { lastUs: number; blockedBy: Set<number> }>();
  for (const { atUs, pid, blockers } of samples) {
    const statement = lanes.statements.find((each) => each.pid === pid && each.fromUs <= atUs && atUs <= each.toUs);
    if (statement === undefined) continue;
    const wait = seen.get(statement) ?? { lastUs: atUs, blockedBy: new Set() };
    seen.set(statement, wait);
    wait.lastUs = atUs;
    for (const blocker of blockers) {
      const lane = lanes.laneOf(blocker, atUs);
      if (lane !== undefined && lane.index !== statement.lane) wait.blockedBy.add(lane.index);
    }
  }
  return [...seen].map(([{ index, lane, fromUs, toUs }, { lastUs, blockedBy }]) => {
    const ends = transactions
      .filter((each) => blockedBy.has(each.lane) && each.endUs > lastUs && each.endUs < toUs)
      .map(({ endUs }) => endUs);
    return {
      lane,
      statement: index,
      fromUs,
      toUs: Math.max(...ends, lastUs) === lastUs ? toUs : Math.max(...ends),
      blockedBy: [...blockedBy],
    };
  });
}
