import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLogger } from '../../src/process/create-logger.ts';
import { createTestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
let ledger: { ledgerId: string; apiKey: string };

beforeAll(async () => {
  service = await startTestService();
  ledger = await createTestLedger(service.database);
  const client = createTestClient(service.url, ledger.apiKey);
  await client.post('/v1/parties', { name: 'Ann Confidential', externalId: 'person-of-interest' });
  await client.post('/v1/webhook-endpoints', { url: 'https://confidential.example/hooks', description: 'Of interest' });
});

afterAll(() => service.stop());

/** What is logged, at a terminal and elsewhere, of an error of the database, alone and where it is part of another. */
function logged(error: Error): string {
  let text = '';
  for (const isTTY of [true, false]) {
    const logger = createLogger('info', { isTTY, write: (line) => (text += line) });
    logger.error({ err: error }, 'it failed');
    logger.error({ err: new Error('A batch failed.', { cause: error }) }, 'it failed');
    logger.error({ err: new AggregateError([error], 'Several failed.') }, 'it failed');
    logger.error({ err: Object.assign(new Error('It was wrapped.'), { original: error }) }, 'it failed');
    logger.error(error, 'it failed');
    logger.error(error);
  }
  return text;
}

const writtenBy = {
  knex: (table: string, row: object) => service.database(table).insert(row),
  'a statement of its own': (table: string, row: object) => {
    const [columns, values] = [Object.keys(row), Object.values(row)];
    const marks = values.map(() => '?').join(', ');
    return service.database.raw(`insert into ${table} (${columns.join(', ')}) values (${marks})`, values);
  },
};

for (const [writer, write] of Object.entries(writtenBy)) {
  test.each(['parties', 'webhook_endpoints'])(
    `of a key of %s that is taken, no value of the row is logged that ${writer} was to write`,
    async (table) => {
      const row = await service.database(table).where('ledger_id', ledger.ledgerId).first();
      const values = ['id', 'ledger_id', 'name', 'external_id', 'url', 'description', 'secret']
        .map((column) => row[column])
        .filter((value) => typeof value === 'string');
      expect(values.length).toBeGreaterThan(3);
      const present = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
      const error = await Promise.resolve(write(table, present)).then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error).toMatchObject({ code: '23505', detail: expect.stringContaining(ledger.ledgerId) });
      const text = logged(error!);
      expect(text).toContain('duplicate key value');
      for (const value of values) expect(text).not.toContain(value);
    },
  );
}
