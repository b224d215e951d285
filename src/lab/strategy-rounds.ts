import { Money } from '../money/money.ts';
import { currency } from './amount-changes.ts';
import type { RoundTrace, RoundVerdict, StrategyResult } from './run-result.ts';

interface Played {
  readonly trace: RoundTrace;
  readonly verdict: RoundVerdict;
}

/** Gathers the rounds of a strategy, and keeps the one that tells most. */
export class StrategyRounds {
  readonly #latenciesMs: number[] = [];
  readonly #sums = { broken: 0, lostUpdates: 0, duplicates: 0, retries: 0, durationUs: 0, waits: 0, waitUs: 0 };
  readonly #outcomes = { done: 0, refused: 0, failed: 0 };
  readonly #sqlStates: Record<string, number> = {};
  #lost = Money.zero(currency);
  #made = Money.zero(currency);
  #rounds = 0;
  #shown: Played | undefined;

  add(played: Played): void {
    const { trace, verdict } = played;
    this.#rounds++;
    if (this.#shown === undefined || weightOf(played) > weightOf(this.#shown)) this.#shown = played;
    this.#lost = this.#lost.plus(Money.parse(verdict.lost, currency));
    this.#made = this.#made.plus(Money.parse(verdict.made, currency));
    for (const { answer } of trace.lanes) {
      if (answer === null) continue;
      this.#outcomes[answer.outcome]++;
      this.#latenciesMs.push(answer.atUs / 1000);
      this.#sums.retries += answer.retries;
    }
    for (const { sqlState } of trace.statements) {
      // Behind the first error of a transaction, the others say only that there was one.
      if (sqlState !== null && sqlState !== '25P02') this.#sqlStates[sqlState] = (this.#sqlStates[sqlState] ?? 0) + 1;
    }
    if (verdict.problem !== null) this.#sums.broken++;
    this.#sums.duplicates += verdict.duplicates;
    this.#sums.durationUs += trace.durationUs;
    this.#sums.waits += trace.waits.length;
    for (const { fromUs, toUs } of trace.waits) this.#sums.waitUs += toUs - fromUs;
    for (const { kind } of trace.findings) if (kind === 'lost update') this.#sums.lostUpdates++;
  }

  result(strategy: string): StrategyResult {
    const { broken, lostUpdates, duplicates, retries, durationUs, waits, waitUs } = this.#sums;
    const sorted = this.#latenciesMs.toSorted((a, b) => a - b);
    const percentile = (share: number) => rounded(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
    return {
      ...{ strategy, rounds: this.#rounds, brokenRounds: broken },
      ...{ lost: this.#lost.toString(), made: this.#made.toString(), duplicates, lostUpdates },
      ...this.#outcomes,
      ...{ sqlStates: this.#sqlStates, retries, lockWaits: waits, lockWaitMs: rounded(waitUs / 1000) },
      operationsPerSecond: rounded(this.#outcomes.done / (durationUs / 1e6)),
      ...{ p50Ms: percentile(0.5), p99Ms: percentile(0.99) },
      ...this.#shown!,
    };
  }
}

/**
 * Shown is the first round in which something is missing or too much; else the first whose losses cancel each other
 * out, the first with another finding, or the first with errors.
 */
function weightOf({ trace, verdict }: Played): number {
  const { expected, cameOut, duplicates, problem } = verdict;
  const isSkewed = trace.findings.some(({ kind }) => kind === 'write skew');
  if (problem !== null) return expected !== cameOut || duplicates > 0 || isSkewed ? 4 : 3;
  if (trace.findings.length > 0) return 2;
  return trace.statements.some(({ sqlState }) => sqlState !== null) ? 1 : 0;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
