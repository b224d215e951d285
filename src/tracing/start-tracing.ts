import { tracing } from './tracer.ts';

/**
 * Begins to trace this process. Where spans go, how many, and what the service is called stand in the variables of
 * OpenTelemetry, which it reads itself: `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME` ...
 */
export async function startTracing(): Promise<void> {
  const { createOpenTelemetryTracer } = await import('./open-telemetry-tracer.ts');
  tracing.tracer = createOpenTelemetryTracer();
}
