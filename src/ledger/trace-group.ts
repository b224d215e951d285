import { type TraceSpan, tracing } from '../tracing/tracer.ts';
import type { Answer, Operation } from './operation.ts';

/**
 * Books a group as the work of a span that links to the requests it carries, and they to it: it has many, so none is
 * its parent (docs/adr/0029). Without tracing it only books.
 */
export function traceGroup(
  operations: readonly Operation<unknown>[],
  book: () => Promise<Answer<unknown>[]>,
): Promise<Answer<unknown>[]> {
  const { tracer } = tracing;
  if (tracer === undefined) return book();
  const requests = operations.map(({ span }) => span).filter((span) => span !== undefined);
  const span = tracer.start('posting group', {
    kind: 'internal',
    parent: null,
    links: requests,
    attributes: { 'joint_ledger.group.operations': operations.length },
  });
  for (const request of requests) request.link(span);
  const booking = span.run(book);
  booking.then(
    (answers) => endCommitted(span, answers),
    () => span.end({ 'joint_ledger.group.outcome': 'failed' }, true),
  );
  return booking;
}

function endCommitted(span: TraceSpan, answers: readonly Answer<unknown>[]): void {
  span.end({
    'joint_ledger.group.outcome': 'committed',
    'joint_ledger.group.refused': answers.filter(({ outcome }) => 'refusal' in outcome).length,
    'joint_ledger.group.replayed': answers.filter(({ replayed }) => replayed).length,
  });
}
