import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createOperation, type Operation, type OperationKind } from '../../src/ledger/operation.ts';
import { createPostingEngine } from '../../src/ledger/posting-engine.ts';
import { startTogether } from '../support/start-together.ts';
import { createTestDatabase, createTestLedger, type TestDatabase, type TestLedger } from '../support/test-database.ts';

let testDatabase: TestDatabase;
let ledger: TestLedger;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  ledger = await createTestLedger(testDatabase.database);
});

afterAll(() => testDatabase.verifyAndDrop());

/** An operation that stays in its lane until it is let go, and tells when it got there. */
function createGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let arrived = 0;
  const kind: OperationKind<null, null, never, string> = {
    accountIds: () => [],
    load: async () => {
      arrived++;
      await opened;
      return null;
    },
    decide: () => ({ result: 'through' }),
  };
  return { kind, open: () => open(), arrived: () => arrived };
}

function operationOf(kind: OperationKind<null, null, never, string>): Operation<string> {
  const idempotencyKey = uuidv7();
  const requestHash = Buffer.alloc(32);
  return createOperation(kind, null, { ledgerId: ledger.ledgerId, idempotencyKey, requestHash, dryRun: false });
}

function createEngine(lockTimeoutMs: number) {
  const { database } = testDatabase;
  return createPostingEngine({ database, lockTimeoutMs, lanes: 2, maxQueued: 3, onCommitted: () => {} });
}

test('refuses what comes when lanes and queue are full, and serves the others in turn', async () => {
  const engine = createEngine(30_000);
  const gate = createGate();
  const answers = startTogether(7, () =>
    engine.submit(operationOf(gate.kind)).then(
      ({ outcome }) => ('result' in outcome ? outcome.result : outcome.refusal.code),
      (error) => error.refusal.code,
    ),
  );
  gate.open();
  expect(await answers).toEqual([...Array(5).fill('through'), 'ledger_busy', 'ledger_busy']);
  expect(gate.arrived()).toBe(5);
});

test('refuses what waited too long for a lane, and leaves the queue in order', async () => {
  const engine = createEngine(50);
  const gate = createGate();
  const first = startTogether(2, () => engine.submit(operationOf(gate.kind)));
  await expect(engine.submit(operationOf(gate.kind))).rejects.toMatchObject({ refusal: { code: 'ledger_busy' } });
  gate.open();
  expect((await first).map(({ outcome }) => outcome)).toEqual(Array(2).fill({ result: 'through' }));
  const later = await engine.submit(operationOf(gate.kind));
  expect(later.outcome).toEqual({ result: 'through' });
  expect(gate.arrived()).toBe(3);
});
