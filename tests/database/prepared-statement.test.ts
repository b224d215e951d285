import { expect, test } from '@jest/globals';
import { createDatabase } from '../../src/database/create-database.ts';
import { createOperation } from '../../src/ledger/operation.ts';
import { createPostingEngine } from '../../src/ledger/posting-engine.ts';
import { Money } from '../../src/money/money.ts';
import { createDeposit } from '../../src/movements/create-movement.ts';
import { postMovement } from '../../src/movements/post-movement.ts';
import { startTestService } from '../support/test-service.ts';

test.each([
  { preparedStatements: true, names: ['claim-keys', 'lock-accounts lock', 'write-journal'] },
  { preparedStatements: false, names: [] },
])('keeps $names in the session of a movement', async ({ preparedStatements, names }) => {
  const service = await startTestService({});
  const account = await service.client.openAccount();
  const pool = { url: service.databaseUrl, poolSize: 1, applicationName: 'test', acquireTimeoutMs: 10_000 };
  const database = createDatabase({ ...pool, preparedStatements });
  const engine = createPostingEngine({
    database,
    lockTimeoutMs: 5_000,
    lanes: 1,
    maxQueued: 10,
    onCommitted: () => {},
  });
  const { ledgerId } = service;
  const notes = {
    initiatedBy: null,
    authentication: null,
    description: null,
    reference: null,
    valueDate: null,
    metadata: null,
  };
  const deposit = createDeposit(ledgerId, account, { amount: Money.parse('1.00', 'USD'), ...notes });
  const terms = { ledgerId, idempotencyKey: 'prepared', requestHash: Buffer.alloc(32), dryRun: false };
  const { outcome } = await engine.submit(createOperation(postMovement, deposit, terms));
  expect(outcome).toMatchObject({ result: { amount: '1.00' } });

  const { rows } = await database.raw('select name from pg_prepared_statements order by name');
  expect(rows.map(({ name }: { name: string }) => name)).toEqual(names);
  await database.destroy();
  await service.stop();
});
