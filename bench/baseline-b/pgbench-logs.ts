import fs from 'node:fs';
import path from 'node:path';
import type { LatencyMs } from '../load-driver/load-order.ts';

/** What a run of pgbench did, by its own log of every transaction. */
export interface PgbenchResult {
  readonly movementsPerSecond: number;
  readonly latency: LatencyMs;
  /** All committed transactions, those of the warm-up included. */
  readonly acknowledged: number;
}

/**
 * Reads the logs that pgbench left in a folder, one for each of its threads, with a line for each transaction: client,
 * number, microseconds taken, script, and the second and microsecond at which it ended (PostgreSQL manual, pgbench,
 * "Per-Transaction Logging"). Measures in the same way as the driver of the other subjects: not before the warm-up is
 * over, and throughput by what ended within the time.
 */
export function readPgbenchLogs(folder: string, time: { warmUpMs: number; measureMs: number }): PgbenchResult {
  const endedAt: number[] = [];
  const took: number[] = [];
  for (const name of fs.readdirSync(folder).filter((file) => file.startsWith('log.'))) {
    for (const line of fs.readFileSync(path.join(folder, name), 'utf8').split('\n')) {
      const [, , micros, , second, microsecond] = line.split(' ').map(Number);
      if (microsecond === undefined) continue;
      endedAt.push(second! * 1_000 + microsecond / 1_000);
      took.push(micros! / 1_000);
    }
  }
  const startedAt = (index: number) => endedAt[index]! - took[index]!;
  const begin = endedAt.reduce((earliest, _end, index) => Math.min(earliest, startedAt(index)), Infinity);
  const from = begin + time.warmUpMs;
  const until = from + time.measureMs;
  const within = (instant: number) => instant >= from && instant < until;
  const latencies = Float64Array.from(took.filter((_ms, index) => within(startedAt(index)))).sort();
  const at = (share: number) => latencies[Math.max(0, Math.ceil(latencies.length * share) - 1)] ?? Number.NaN;
  return {
    movementsPerSecond: (endedAt.filter(within).length * 1_000) / time.measureMs,
    latency: { p50: at(0.5), p99: at(0.99), max: at(1) },
    acknowledged: endedAt.length,
  };
}
