import { LRUCache } from 'lru-cache';

/** So many requests a second, for long; and so many at once after a pause. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** What became of a request that asked for room. */
export interface Taking {
  readonly isAdmitted: boolean;
  /** How many more there is room for now. */
  readonly remaining: number;
  /** In how many seconds there is room for this one. */
  readonly waitSeconds: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** Those who were not there for longest are forgotten, which is as if their buckets were full. */
const maxBuckets = 20_000;

/** Token buckets by name. A caller that has not been seen has a full one. */
export class TokenBuckets {
  readonly #buckets = new LRUCache<string, Bucket>({ max: maxBuckets });
  readonly #now: () => number;

  /** @param now Milliseconds of a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes `cost` tokens if there are so many, and none otherwise. */
  take(name: string, rate: Rate, cost = 1): Taking {
    const bucket = this.#filled(name, rate);
    const isAdmitted = bucket.tokens >= cost;
    if (isAdmitted) bucket.tokens -= cost;
    const lacking = isAdmitted ? 0 : cost - bucket.tokens;
    return {
      isAdmitted,
      remaining: Math.max(0, Math.floor(bucket.tokens)),
      waitSeconds: Math.max(1, Math.ceil(lacking / rate.perSecond)),
    };
  }

  /** Whether there is a token, without taking it. */
  hasAny(name: string, rate: Rate): boolean {
    return this.#filled(name, rate).tokens >= 1;
  }

  /** Takes what was let in elsewhere, be it more than there is: up to a second's worth is owed. */
  draw(name: string, rate: Rate, cost: number): void {
    const bucket = this.#filled(name, rate);
    bucket.tokens = Math.max(-rate.perSecond, bucket.tokens - cost);
  }

  #filled(name: string, { perSecond, burst }: Rate): Bucket {
    const now = this.#now();
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      const full = { tokens: burst, at: now };
      this.#buckets.set(name, full);
      return full;
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * perSecond) / 1000);
    bucket.at = now;
    return bucket;
  }
}
