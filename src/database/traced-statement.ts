import { tracing } from '../tracing/tracer.ts';
import { sqlStateOf } from './sqlstate.ts';

type Callback = (error: unknown, result?: unknown) => void;

/** Statements are longer than is read; the end says less than the beginning. */
const maxTextLength = 2_000;

/**
 * Begins the span of a statement that a request, a group or an item of work sends, and answers what ends it and then
 * calls back; without tracing the callback itself. Of the statement it has the text, in which values are numbered, and
 * never the values.
 */
export function tracedStatement(text: string, callback: Callback): Callback {
  const { tracer } = tracing;
  if (tracer === undefined || !tracer.isAtWork()) return callback;
  const operation = /[a-z]+/i.exec(text.replace(/^\s*\/\*.*?\*\//s, ''))?.[0].toLowerCase() ?? 'statement';
  const span = tracer.start(`postgresql ${operation}`, {
    kind: 'client',
    attributes: { 'db.system.name': 'postgresql', 'db.query.text': text.slice(0, maxTextLength) },
  });
  return (error, result) => {
    const state = error ? sqlStateOf(error) : undefined;
    span.end(state === undefined ? {} : { 'db.response.status_code': state }, Boolean(error));
    callback(error, result);
  };
}
