import { setTimeout as sleep } from 'node:timers/promises';
import { type LogPlace, parseLineage, parsePlace } from '../../src/log/log-place.ts';
import type { ReceivedWebhook } from './webhook-receiver.ts';

/** What a reader of the log believes to have happened, in its order, and how often it was told that the log forked. */
export interface LogReader {
  readonly seen: readonly string[];
  readonly forks: number;
  /** Stops once it has read everything, and answers what it has seen. */
  end(last: string): Promise<readonly string[]>;
}

interface Forked {
  readonly lastCommonPosition: number;
  readonly lastCommonCursor: string;
}

/** A page of events, or a problem. */
interface Answer extends Forked {
  readonly data: ReadonlyArray<{ readonly id: string }>;
  readonly nextCursor: string;
  readonly code?: string;
}

abstract class Reader implements LogReader {
  seen: string[] = [];
  forks = 0;
  protected cursor = 'begin';
  protected readonly stopping = new AbortController();
  protected reading: Promise<void> = Promise.resolve();

  protected readonly url: string;
  protected readonly apiKey: string;

  constructor(url: string, apiKey: string) {
    this.url = url;
    this.apiKey = apiKey;
  }

  /** What came behind the last common place is void. */
  protected fork({ lastCommonPosition, lastCommonCursor }: Forked): void {
    this.forks++;
    this.seen = this.seen.filter((id) => placeOf(id).position <= lastCommonPosition);
    this.cursor = lastCommonCursor;
  }

  async end(last: string): Promise<readonly string[]> {
    while (this.seen.at(-1) !== last) await sleep(10);
    this.stopping.abort();
    await this.reading;
    return this.seen;
  }
}

/** Reads page by page, and once more whenever it could not. */
class Poller extends Reader {
  start(): this {
    this.reading = this.#read();
    return this;
  }

  async #read(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const headers = { authorization: `Bearer ${this.apiKey}` };
      const answer = await fetch(`${this.url}/v1/events?limit=30&cursor=${this.cursor}`, { headers });
      const body = (await answer.json()) as Answer;
      if (answer.status === 200) {
        this.seen.push(...body.data.map(({ id }) => id));
        this.cursor = body.nextCursor;
      } else if (body.code === 'log_forked') this.fork(body);
      else if (answer.status !== 503) throw new Error(JSON.stringify(body));
      await sleep(20);
    }
  }
}

/** Reads a stream, and connects again behind the last id whenever it ends. */
class StreamReader extends Reader {
  start(): this {
    this.reading = this.#read();
    return this;
  }

  async #read(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const headers = { authorization: `Bearer ${this.apiKey}`, 'last-event-id': this.cursor };
      try {
        const answer = await fetch(`${this.url}/v1/events/stream`, { headers, signal });
        if (answer.status === 200) await this.#follow(answer);
        else {
          const body = (await answer.json()) as Answer;
          if (body.code === 'log_forked') this.fork(body);
          else if (answer.status !== 503) throw new RangeError(JSON.stringify(body));
        }
      } catch (error) {
        if (error instanceof RangeError) throw error;
      }
      await sleep(20);
    }
  }

  async #follow(answer: Response): Promise<void> {
    let text = '';
    for await (const chunk of answer.body!) {
      text += Buffer.from(chunk).toString();
      const messages = text.split('\n\n');
      text = messages.pop()!;
      for (const message of messages) this.#take(message);
    }
  }

  #take(message: string): void {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1];
    if (field('event') === 'log_forked') this.fork(JSON.parse(field('data')!).facts);
    else {
      this.cursor = field('id') ?? this.cursor;
      if (field('event') !== undefined) this.seen.push(this.cursor);
    }
  }
}

export function startPoller(url: string, apiKey: string): LogReader {
  return new Poller(url, apiKey).start();
}

export function startStreamReader(url: string, apiKey: string): LogReader {
  return new StreamReader(url, apiKey).start();
}

/**
 * What a receiver of webhooks believes to have happened: once it is told where the log was continued, what it had got
 * behind that is void, unless its id says that it is of that continuation.
 */
export function believed(received: readonly ReceivedWebhook[]): string[] {
  let ids = new Set<string>();
  for (const { body } of received) {
    const { id, type, data } = JSON.parse(body);
    if (type === 'log.continued') {
      const [beginning] = parseLineage(placeOf(id).lineage);
      const isOf = (one: string) =>
        parseLineage(placeOf(one).lineage).some(
          ({ position, hash }) => position === beginning!.position && hash === beginning!.hash,
        );
      ids = new Set([...ids].filter((one) => placeOf(one).position < data.position || isOf(one)));
    }
    ids.add(id);
  }
  return [...ids].sort((a, b) => placeOf(a).position - placeOf(b).position);
}

function placeOf(id: string): LogPlace {
  return parsePlace(id)!;
}
