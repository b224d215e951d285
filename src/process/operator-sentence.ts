import { ConfigError } from '../config.ts';
import { databaseSentence } from '../database/database-sentence.ts';
import { EmbeddedServerError } from '../database/embedded/embedded-server.ts';
import { OperatorError } from '../errors/operator-error.ts';

/** What an operator must do about a failed start, in a sentence. Only what nobody foresaw comes with its stack. */
export function operatorSentence(error: unknown): string {
  if (error instanceof ConfigError)
    return `The settings don't fit: ${error.message}${error.message.endsWith('?') ? '' : '.'}`;
  if (error instanceof EmbeddedServerError || error instanceof OperatorError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const sentence = databaseSentence(error);
  if (sentence !== undefined) return sentence;
  if ('syscall' in error && 'path' in error) {
    const way = 'set DATA_DIR to a folder you can write to, and check DATABASE_URL';
    return `A file can't be used (${error.message}): ${way}.`;
  }
  return error.stack ?? error.message;
}
