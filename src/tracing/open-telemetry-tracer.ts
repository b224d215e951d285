import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { buildVersion } from '../metrics/build-version.ts';
import type { Attributes, SpanOptions, Tracer, TraceSpan } from './tracer.ts';

const name = 'joint-ledger';
/** How long a stop waits for a receiver of spans that does not answer. */
const stopMs = 1_000;
/** What waits for the receiver is in memory; what does not fit is dropped. */
const maxWaiting = 4_096;

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
  consumer: SpanKind.CONSUMER,
} as const;

/** Sends spans by OTLP over HTTP, in JSON. */
export function createOpenTelemetryTracer(): Tracer {
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': name, 'service.version': buildVersion }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(), { maxQueueSize: maxWaiting })],
  });
  provider.register();
  const tracer = provider.getTracer(name, buildVersion);
  return {
    start(spanName, { kind, parent, links = [], attributes = {} }: SpanOptions) {
      const from = parentContext(parent);
      const options = { kind: kinds[kind], attributes, links: links.map((link) => ({ context: contextOf(link) })) };
      return new OpenTelemetrySpan(tracer.startSpan(spanName, options, from), from);
    },
    isAtWork: () => trace.getActiveSpan() !== undefined,
    async stop() {
      await Promise.race([provider.shutdown().catch(() => {}), sleep(stopMs, undefined, { ref: false })]);
    },
  };
}

/** A `traceparent` that can't be read begins a new trace, as W3C Trace Context asks. */
function parentContext(parent: string | null | undefined): Context {
  if (parent === undefined) return context.active();
  return parent === null ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent: parent });
}

function contextOf(span: TraceSpan) {
  return (span as OpenTelemetrySpan).span.spanContext();
}

class OpenTelemetrySpan implements TraceSpan {
  readonly span: Span;
  readonly #context: Context;

  constructor(span: Span, from: Context) {
    this.span = span;
    this.#context = trace.setSpan(from, span);
  }

  get traceparent(): string {
    const { traceId, spanId, traceFlags } = this.span.spanContext();
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  }

  run<T>(work: () => T): T {
    return context.with(this.#context, work);
  }

  rename(spanName: string): void {
    this.span.updateName(spanName);
  }

  link(other: TraceSpan): void {
    this.span.addLink({ context: contextOf(other) });
  }

  end(attributes: Attributes = {}, isFailed = false): void {
    this.span.setAttributes(attributes);
    if (isFailed) this.span.setStatus({ code: SpanStatusCode.ERROR });
    this.span.end();
  }
}
