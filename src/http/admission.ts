import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Request, RequestHandler, Response } from 'express';
import { RefusalError } from '../errors/refusal.ts';
import { type Caller, callerOf } from './caller.ts';
import type { RateLimits } from './rate-limits.ts';
import type { Hints } from './service-parts.ts';
import { type Rate, TokenBuckets } from './token-buckets.ts';
import { Turns } from './turns.ts';

/** What is worked on at once in each process. Of keys of the service reads alone: its writes are grouped. */
const atOnce = { party: 16, service: 128 };
const maxWaiting = 500;
/** Keys of one address that are not known yet. */
const lookedUpAtOnce = 8;
/** A dry run keeps nothing and may be asked for over and over. */
const costOfDryRun = 5;
/** How often processes tell each other whom they let in. */
const tellMs = 250;
/** A notification has room for 8,000 bytes (PostgreSQL manual, NOTIFY). */
const maxTold = 80;

/** Lets requests in, or refuses them with `too_many_requests`, before anything is read or looked up for them. */
export interface Admission {
  /** Stands behind `authenticate`. */
  readonly handler: RequestHandler;
  /**
   * Calls `lookUp` once it is the turn of the request's address, so that its unknown keys are counted before many more
   * are looked for. Throws, or rejects, where too many came already.
   */
  admitStranger<Found>(req: Request, lookUp: () => Promise<Found>): Promise<Found>;
  /** One more of them has come. */
  countStranger(req: Request): void;
}

/** A turn that ends when it is said. */
class Turn extends EventEmitter {
  destroyed = false;

  end(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

/**
 * A turn that ends with the answer, or with the connection: an answer that waits behind another on the same connection
 * is not told of its end.
 */
function turnOf({ socket }: Request, res: Response): Turn {
  const turn = new Turn();
  const end = () => turn.end();
  socket.once('close', end);
  res.once('close', end);
  turn.once('close', () => {
    socket.off('close', end);
    res.off('close', end);
  });
  if (res.destroyed || socket.destroyed) turn.end();
  return turn;
}

/** Buckets that processes share: each has its own, and they tell each other what they let in. */
function shareBuckets(limits: RateLimits, hints: Pick<Hints, 'tell' | 'onTold'>) {
  const buckets = new TokenBuckets();
  const self = randomUUID();
  const untold = new Map<string, number>();
  let telling: NodeJS.Timeout | undefined;

  function rateOf(name: string): Rate | null {
    return limits[name.slice(0, name.indexOf(':')) as 'party' | 'service' | 'address'] ?? null;
  }

  hints.onTold('rates', ([sender, ...words]) => {
    if (sender === self) return;
    for (const word of words) {
      const [name = '', count = '0'] = word.split('=');
      const rate = rateOf(name);
      if (rate !== null) buckets.draw(name, rate, Number.parseInt(count, 10));
    }
  });

  function tell(): void {
    telling = undefined;
    const busiest = [...untold].sort(([, a], [, b]) => b - a).slice(0, maxTold);
    untold.clear();
    hints.tell('rates', [self, ...busiest.map(([name, count]) => `${name}=${count}`)]);
  }

  return {
    buckets,
    rateOf,
    note(name: string, cost: number): void {
      untold.set(name, (untold.get(name) ?? 0) + cost);
      if (telling === undefined) telling = setTimeout(tell, tellMs).unref();
    },
  };
}

/**
 * A client is let in at once for a burst in each process, and for long at its rate in all of them together.
 */
export function createAdmission(limits: RateLimits, hints: Pick<Hints, 'tell' | 'onTold'>): Admission {
  const { buckets, rateOf, note } = shareBuckets(limits, hints);
  const turns = new Turns();

  function admit(name: string, cost: number, res: Response): void {
    const rate = rateOf(name);
    if (rate === null) return;
    const { isAdmitted, remaining, waitSeconds } = buckets.take(name, rate, Math.min(cost, rate.burst));
    const policy = name.slice(0, name.indexOf(':'));
    res.setHeader('RateLimit-Policy', `"${policy}";q=${rate.burst};w=${Math.ceil(rate.burst / rate.perSecond)}`);
    res.setHeader('RateLimit', `"${policy}";r=${remaining};t=${waitSeconds}`);
    if (!isAdmitted) throw tooMany(`${rate.perSecond} requests a second, and ${rate.burst} at once,`, waitSeconds);
    note(name, cost);
  }

  return {
    handler(req, res, next) {
      const caller = callerOf(res);
      const name = nameOf(caller);
      admit(name, req.url.includes('?') && req.query.dryRun === 'true' ? costOfDryRun : 1, res);
      const isParty = caller.boundParty !== null;
      // A stream stays open; how many there may be is said where they are.
      if ((!isParty && req.method !== 'GET') || req.path === '/events/stream') {
        next();
        return;
      }
      const most = isParty ? atOnce.party : atOnce.service;
      if (turns.waiting(name) >= maxWaiting) throw tooMany(`${maxWaiting} requests that wait for others`, 1);
      turns.take(name, most, turnOf(req, res), next);
    },
    admitStranger(req, lookUp) {
      const name = addressOf(req);
      const rate = rateOf(name);
      if (rate === null) return lookUp();
      if (turns.waiting(name) >= maxWaiting) throw tooMany('No more requests with unknown keys', 1);
      return new Promise((resolve, reject) => {
        const turn = new Turn();
        turns.take(name, lookedUpAtOnce, turn, () => {
          const isTooMany = !buckets.hasAny(name, rate);
          const found = isTooMany ? Promise.reject(tooMany('No more requests with unknown keys', 1)) : lookUp();
          found.then(resolve, reject).finally(() => turn.end());
        });
      });
    },
    countStranger(req) {
      const name = addressOf(req);
      const rate = rateOf(name);
      if (rate === null) return;
      buckets.take(name, rate);
      note(name, 1);
    },
  };
}

function tooMany(allowed: string, retryAfterSeconds: number): RefusalError {
  const detail = `${allowed} are let in, of this caller or from this address. Come again later.`;
  return new RefusalError('too_many_requests', detail, { retryAfterSeconds });
}

/** A party's keys are one caller. */
export function nameOf({ ledgerId, boundParty, keyId }: Caller): string {
  return boundParty === null ? `service:${keyId}` : `party:${ledgerId}:${boundParty}`;
}

function addressOf(req: Request): string {
  // Behind the trusted proxies, what they say.
  return `address:${req.ip ?? ''}`;
}
