import type { LatencyMs } from './load-order.ts';

/** An answer as the driver saw it. Times are those of `performance.now()`. */
export interface SeenAnswer {
  readonly status: number;
  readonly body: string;
  readonly durationMs: number;
  readonly arrivedAt: number;
}

/** The instants between which the driver measures. */
export interface MeasuredTime {
  readonly from: number;
  readonly until: number;
}

const idLength = 36;
/** How the document of a transaction begins; where it does, the id is found without parsing the rest. */
const documentStart = '{"id":"';

/** Counts the answers of one run: what was acknowledged, how fast, and what went wrong. */
export class MovementTally {
  readonly statuses: Record<string, number> = {};
  /** Answers of any kind, in requests. */
  answers = 0;
  #acknowledgedInTime = 0;
  #ids = Buffer.allocUnsafe(1 << 20);
  #idBytes = 0;
  readonly #latencies: number[] = [];
  readonly #time: MeasuredTime;
  readonly #movementsPerRequest: number;
  readonly #isRead: boolean;

  constructor(time: MeasuredTime, movementsPerRequest: number, isRead: boolean) {
    this.#time = time;
    this.#movementsPerRequest = movementsPerRequest;
    this.#isRead = isRead;
  }

  add(answer: SeenAnswer): void {
    this.answers += 1;
    const acknowledged = this.#acknowledgedBy(answer);
    const { from, until } = this.#time;
    const { arrivedAt, durationMs } = answer;
    const startedAt = arrivedAt - durationMs;
    if (this.#movementsPerRequest > 1) {
      // A few large answers on this or that side of the end would make a great difference, so each counts as far as the
      // request was under way within the time.
      const within = Math.min(arrivedAt, until) - Math.max(startedAt, from);
      if (within > 0) this.#acknowledgedInTime += (acknowledged * within) / durationMs;
    } else if (arrivedAt >= from && arrivedAt < until) this.#acknowledgedInTime += acknowledged;
    // A refusal is no answer that anybody waits for; counting it would make a service look fast that turns callers
    // away.
    if (acknowledged > 0 && startedAt >= from && startedAt < until) this.#latencies.push(durationMs);
  }

  #acknowledgedBy(answer: SeenAnswer): number {
    if (this.#isRead) return this.#addRead(answer);
    return this.#movementsPerRequest === 1 ? this.#addMovement(answer) : this.#addBatch(answer);
  }

  #addRead({ status }: SeenAnswer): number {
    this.#count(status, 1);
    return status === 200 ? 1 : 0;
  }

  get movementsPerSecond(): number {
    return (this.#acknowledgedInTime * 1_000) / (this.#time.until - this.#time.from);
  }

  get transactionIds(): Uint8Array {
    return this.#ids.subarray(0, this.#idBytes);
  }

  latency(): LatencyMs {
    const sorted = Float64Array.from(this.#latencies).sort();
    const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  }

  #addMovement({ status, body }: SeenAnswer): number {
    this.#count(status, 1);
    if (status !== 201) return 0;
    const start = documentStart.length;
    const id = body.startsWith(documentStart) ? body.slice(start, start + idLength) : JSON.parse(body).id;
    this.#keepId(id);
    return 1;
  }

  #addBatch({ status, body }: SeenAnswer): number {
    if (status !== 200) {
      this.#count(status, this.#movementsPerRequest);
      return 0;
    }
    let acknowledged = 0;
    for (const result of JSON.parse(body).results) {
      this.#count(result.status, 1);
      if (result.status !== 201) continue;
      this.#keepId(result.transaction.id);
      acknowledged += 1;
    }
    return acknowledged;
  }

  #count(status: number, movements: number): void {
    this.statuses[status] = (this.statuses[status] ?? 0) + movements;
  }

  #keepId(id: string): void {
    if (this.#idBytes + idLength > this.#ids.length) {
      const larger = Buffer.allocUnsafe(this.#ids.length * 2);
      this.#ids.copy(larger);
      this.#ids = larger;
    }
    this.#ids.write(id, this.#idBytes, idLength, 'latin1');
    this.#idBytes += idLength;
  }
}
