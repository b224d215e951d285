import { type TraceSpan, tracing } from '../tracing/tracer.ts';

/**
 * Works on claimed items with a span for each of them, in traces of their own; what the work sends to the database
 * stands below the first. Without tracing, and without items, it only works.
 */
export async function traceItems<T>(queue: string, ids: readonly string[], work: () => Promise<T>): Promise<T> {
  const { tracer } = tracing;
  if (tracer === undefined || ids.length === 0) return work();
  const attributes = { 'joint_ledger.queue': queue };
  const spans = ids.map(() => tracer.start(`work ${queue}`, { kind: 'consumer', parent: null, attributes }));
  const [first] = spans as [TraceSpan, ...TraceSpan[]];
  let isDone = false;
  try {
    const worked = await first.run(work);
    isDone = true;
    return worked;
  } finally {
    for (const span of spans) span.end({}, !isDone);
  }
}
