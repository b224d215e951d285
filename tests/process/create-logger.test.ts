import { expect, test } from '@jest/globals';
import { createLogger } from '../../src/process/create-logger.ts';

/** What a log writes to an output of this kind. */
function written(isTTY: boolean, level = 'info'): string {
  let text = '';
  const logger = createLogger(level, { isTTY, write: (line) => (text += line) });
  logger.debug('too small to be told');
  logger.info({ requestId: 'r-1', status: 422 }, 'request refused');
  const error = Object.assign(new Error('it broke'), { code: '23514', detail: 'Failing row contains (7, 100.00)' });
  logger.error({ err: error }, 'request failed');
  return text;
}

test('writes JSON where a program reads it, a line each', () => {
  const lines = written(false).split('\n');
  expect(lines).toHaveLength(3);
  const [refused, failed] = lines.slice(0, 2).map((line) => JSON.parse(line));
  expect(refused).toMatchObject({ level: 30, requestId: 'r-1', status: 422, msg: 'request refused' });
  expect(failed).toMatchObject({ level: 50, err: { message: 'it broke', code: '23514', stack: expect.any(String) } });
});

test('writes readable lines at a terminal', () => {
  const text = written(true).replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), '');
  expect(text).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: request refused \{"requestId":"r-1","status":422\}$/m);
  expect(text).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] ERROR: request failed *$/m);
  expect(text).toMatch(/it broke/);
  expect(text).not.toMatch(/"pid"|"hostname"/);
});

test('keeps rows of the database out of the log, and obeys its level', () => {
  for (const isTTY of [true, false]) {
    expect(written(isTTY)).not.toMatch(/Failing row|too small/);
    expect(written(isTTY, 'silent')).toBe('');
  }
});

test('says in a sentence what is wrong with a database that can not be used', () => {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line) => lines.push(line) });
  const cause = Object.assign(new Error('password authentication failed'), { code: '28P01', severity: 'FATAL' });
  logger.warn({ err: new Error('The database does not serve requests at the moment.', { cause }) }, 'request failed');
  expect(JSON.parse(lines[0]!).err.sentence).toBe(
    'The database refuses the user or the password in DATABASE_URL (password authentication failed): correct them.',
  );
});
