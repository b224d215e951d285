/** What a request, a group, a statement, ... says of itself. Never ids of accounts, names, amounts or secrets. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  readonly kind: 'server' | 'client' | 'internal' | 'consumer';
  /** The `traceparent` it goes on from; null for one that begins a trace. Undefined: the span that is at work. */
  readonly parent?: string | null | undefined;
  /** Spans that it has to do with, which are not its parents. */
  readonly links?: readonly TraceSpan[];
  readonly attributes?: Attributes;
}

/** One piece of work. It is sent once it has ended. */
export interface TraceSpan {
  /** As W3C Trace Context writes it. */
  readonly traceparent: string;
  /** Runs `work` as this span's: spans and statements that begin there stand below it. */
  run<T>(work: () => T): T;
  rename(name: string): void;
  /** Says that this span was carried by another. */
  link(other: TraceSpan): void;
  end(attributes?: Attributes, isFailed?: boolean): void;
}

export interface Tracer {
  start(name: string, options: SpanOptions): TraceSpan;
  /** Whether a span is at work: without one, statements have none of their own. */
  isAtWork(): boolean;
  /** Sends what has ended, for a second at most. Never throws. */
  stop(): Promise<void>;
}

/** The process's tracer; undefined where nothing is traced, and then no module of OpenTelemetry is loaded. */
export const tracing: { tracer: Tracer | undefined } = { tracer: undefined };
