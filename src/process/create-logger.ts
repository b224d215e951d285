import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { databaseSentence } from '../database/database-sentence.ts';
import { isDatabaseUnavailable } from '../database/sqlstate.ts';

/** Where log lines go: standard output, or what a test puts in its place. */
export interface LogOutput {
  /** Whether a person looks at it. */
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * The log of a process: readable lines at a terminal, JSON where a program reads it. Each line is written before the
 * call returns, so that the last one before an exit is not lost.
 */
export function createLogger(level: string, output: LogOutput = process.stdout): Logger {
  const options = { level, serializers: { err: serializeError } };
  if (!output.isTTY) return pino(options, output);
  const prettify = pretty.prettyFactory({
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return pino(options, { write: (line) => output.write(prettify(line)) });
}

/** What an operator must do about a database that can't be used comes first. */
function serializeError(error: Error): Record<string, unknown> {
  const rest = withoutRows(pino.stdSerializers.err(error));
  const cause = error.cause instanceof Error ? error.cause : error;
  return isDatabaseUnavailable(cause) ? { sentence: databaseSentence(cause), ...rest } : rest;
}

/**
 * PostgreSQL puts whole rows, with names, amounts and secrets, into the parts that are left out, of this error and of
 * those inside it.
 */
function withoutRows({ detail: _detail, where: _where, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(rest).map(([name, value]) => {
      if (Array.isArray(value))
        return [name, value.map((each) => (isSerializedError(each) ? withoutRows(each) : each))];
      return [name, isSerializedError(value) ? withoutRows(value) : value];
    }),
  );
}

function isSerializedError(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
}
