import type { LockWait, Span } from './run-result.ts';
import type { PlacedStatement, RecordedLane } from './trace-lanes.ts';

/** What a lane did, one thing after another. */
export function traceSpans({ record, statements }: RecordedLane, waits: readonly LockWait[]): Span[] {
  const pool: Span[] = record?.sessionUs ? [{ kind: 'pool', fromUs: 0, toUs: record.sessionUs, statement: null }] : [];
  const pauses: Span[] = (record?.pauses ?? []).map((pause) => ({ ...pause, statement: null }));
  const sent = statements.flatMap((statement) => {
    const wait = waits.find((each) => each.statement === statement.index);
    return spansOf(statement, wait);
  });
  let untilUs = 0;
  // The engine sends statements before the answers to those before: each then begins where the one before ends.
  return [...pool, ...pauses, ...sent]
    .sort((a, b) => a.fromUs - b.fromUs || a.toUs - b.toUs)
    .flatMap((span) => {
      const fromUs = Math.max(span.fromUs, untilUs);
      if (span.toUs <= fromUs) return [];
      untilUs = span.toUs;
      return [{ ...span, fromUs }];
    });
}

function spansOf(statement: PlacedStatement, wait: LockWait | undefined): Span[] {
  const { index, fromUs, toUs } = statement;
  const kind = kindOf(statement);
  if (wait === undefined) return [{ kind, fromUs, toUs, statement: index }];
  const waiting: Span = { kind: 'waiting', fromUs, toUs: wait.toUs, statement: index };
  return wait.toUs < toUs ? [waiting, { kind, fromUs: wait.toUs, toUs, statement: index }] : [waiting];
}

function kindOf({ sql }: PlacedStatement): Span['kind'] {
  if (/^commit\b/i.test(sql)) return 'committing';
  if (/^(update|insert|with)\b/i.test(sql)) return 'writing';
  return /^select\b/i.test(sql) && !/pg_advisory/.test(sql) ? 'reading' : 'sending';
}
