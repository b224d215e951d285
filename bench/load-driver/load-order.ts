/** The ways in which a load picks accounts and kinds of movements; `bench/README.md` says what each is for. */
const movementLoads = ['uniform', 'hot', 'zipf', 'joint', 'batches-100', 'batches-1000'] as const;

/** What is asked about one random account after the other. */
const readLoads = ['account', 'entries', 'balance-at'] as const;

export const loadNames = [...movementLoads, ...readLoads] as const;

export type LoadName = (typeof loadNames)[number];

/** Whether a load changes nothing. */
export function isRead(load: string): load is (typeof readLoads)[number] {
  return (readLoads as readonly string[]).includes(load);
}

/** What the driver is told: which load to put on which service, and for how long. */
export interface LoadOrder {
  readonly load: LoadName;
  /** Where the service listens, such as `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly apiKey: string;
  /** The accounts of the book are numbered from 1 to this. */
  readonly accounts: number;
  readonly connections: number;
  /** The load runs for this long before anything is measured. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** The same seed asks every subject for the same movements in the same order. */
  readonly seed: number;
  /** Begins every idempotency key of this run; no two runs share one. */
  readonly keyPrefix: string;
}

/** What the driver answers. */
export interface LoadReport {
  readonly movementsPerSecond: number;
  readonly latency: LatencyMs;
  /** How often each status was answered, by movement; anything but 201, for reads 200, is an error. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests whose connection broke or that waited too long. */
  readonly brokenRequests: number;
  /** Movements that were asked for and had no answer when the driver gave up. They may or may not have happened. */
  readonly unacknowledged: number;
  /** The ids of all acknowledged transactions, 36 ASCII characters each, in one piece because there are so many. */
  readonly transactionIds: Uint8Array;
  /** What a movement, or an answer to a read, cost the driver itself, in microseconds of processor time. */
  readonly driverMicrosPerMovement: number;
}

/** How long callers waited for an acknowledgement, in milliseconds, where they asked within the measured time. */
export interface LatencyMs {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** A failure in the driver's process on its way to the bench. */
export interface LoadFailure {
  readonly failure: string;
}
