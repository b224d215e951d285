import type { ChildProcess } from 'node:child_process';
import { joinMetrics, type ProcessMetrics, readProcessFigures } from '../metrics/service-metrics.ts';

/**
 * `/metrics` reaches any one of several processes, and should answer for all of them. The one that is asked asks the
 * supervising process, which asks all.
 */
export type MetricsMessage =
  | { type: 'metrics wanted'; request: number }
  | { type: 'metrics'; request: number; text: string }
  | { type: 'figures wanted'; request: number }
  | { type: 'figures'; request: number; figures: ProcessMetrics };

/** How long a process may take with its figures; one that takes longer, or is just being replaced, is left out. */
const figuresWithinMs = 1_000;
const textWithinMs = 5_000;

/** Matches answers to questions by their number. An answer that does not come in time is undefined. */
class Questions<Answer> {
  readonly #open = new Map<number, (answer: Answer) => void>();
  #count = 0;

  ask(withinMs: number, send: (request: number) => void): Promise<Answer | undefined> {
    const request = this.#count++;
    return new Promise<Answer | undefined>((resolve) => {
      const timeout = setTimeout(() => resolve(undefined), withinMs);
      this.#open.set(request, (answer) => {
        clearTimeout(timeout);
        resolve(answer);
      });
      send(request);
    }).finally(() => this.#open.delete(request));
  }

  answer(request: number, answer: Answer): void {
    this.#open.get(request)?.(answer);
  }
}

/** For the supervising process: collects the figures of those that answer requests. */
export class MetricsCollector {
  readonly #questions = new Questions<ProcessMetrics>();

  /** Answers a process that wants the figures of all. */
  async tell(asker: ChildProcess, request: number, answering: readonly ChildProcess[]): Promise<void> {
    send(asker, { type: 'metrics', request, text: await this.read(answering) });
  }

  /** The metrics of all. */
  async read(answering: readonly ChildProcess[]): Promise<string> {
    const asked = answering.map((child) =>
      this.#questions.ask(figuresWithinMs, (number) => send(child, { type: 'figures wanted', request: number })),
    );
    return joinMetrics((await Promise.all(asked)).filter((found) => found !== undefined));
  }

  receive(request: number, figures: ProcessMetrics): void {
    this.#questions.answer(request, figures);
  }
}

function send(child: ChildProcess, message: MetricsMessage): void {
  // One that ends meanwhile is left out, or does not need the answer any more.
  if (child.connected) child.send(message, () => {});
}

/** For a process that answers requests: reads the metrics of all. Throws an Error when they don't come in time. */
export function createMetricsReader(): () => Promise<string> {
  const questions = new Questions<string>();
  const tell = (message: MetricsMessage) => process.send?.(message);
  process.on('message', (message: MetricsMessage) => {
    if (message.type === 'metrics') questions.answer(message.request, message.text);
    if (message.type === 'figures wanted') {
      void readProcessFigures().then((figures) => tell({ type: 'figures', request: message.request, figures }));
    }
  });
  return async () => {
    const text = await questions.ask(textWithinMs, (request) => tell({ type: 'metrics wanted', request }));
    if (text === undefined) throw new Error('the metrics were not collected in time');
    return text;
  };
}
