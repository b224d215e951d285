import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Finding, Lane, RoundTrace, StrategyResult } from '../../src/lab/run-result.ts';
import { createLabDatabase, type LabRequest, playLab } from '../support/lab-runs.ts';
import type { TestDatabase } from '../support/test-database.ts';

let testDatabase: TestDatabase;

beforeAll(async () => {
  testDatabase = await createLabDatabase({ empty: true });
});

afterAll(() => testDatabase.verifyAndDrop());

const maxRuns = 20;

/** Plays runs until one shows what is looked for; what never shows fails. */
async function untilShown(request: LabRequest, isShown: (result: StrategyResult) => boolean): Promise<StrategyResult> {
  for (let run = 0; run < maxRuns; run++) {
    const { strategies } = await playLab(testDatabase.url, { processes: 2, rounds: 1, thinkMs: 10, ...request });
    expectOrder(strategies[0]!.trace);
    if (isShown(strategies[0]!)) return strategies[0]!;
  }
  throw new Error(`${maxRuns} runs did not show it`);
}

/** What is true of every trace. */
function expectOrder({ lanes, statements, rows, waits, durationUs }: RoundTrace): void {
  for (const { spans, answer } of lanes) {
    for (const [index, span] of spans.entries()) {
      expect(span.fromUs).toBeLessThan(span.toUs);
      expect(span.fromUs).toBeGreaterThanOrEqual(spans[index - 1]?.toUs ?? 0);
    }
    if (answer !== null) expect(spans.at(-1)!.toUs).toBeLessThanOrEqual(durationUs);
  }
  for (const { fromUs, toUs } of statements) expect(fromUs).toBeLessThan(toUs);
  for (const { lane, statement, fromUs, toUs } of waits) {
    expect(statements[statement]).toMatchObject({ lane, fromUs });
    expect(toUs).toBeLessThanOrEqual(statements[statement]!.toUs);
  }
  for (const { steps } of rows) {
    for (const { lane, statement } of steps) if (statement !== null) expect(statements[statement]!.lane).toBe(lane);
  }
}

const spansOf = (lane: Lane | undefined, kind: string) => lane!.spans.filter((span) => span.kind === kind);
const ofKind = <Kind extends Finding['kind']>({ trace }: StrategyResult, kind: Kind) =>
  trace.findings.filter((finding): finding is Extract<Finding, { kind: Kind }> => finding.kind === kind);

test.each(['nothing', 'transaction'])(
  'a lost update names the read that was old and the commits that it erased: %s',
  async (strategy) => {
    const request: LabRequest = { scenario: 'joint-account', strategies: [strategy], callers: 6 };
    const result = await untilShown(request, (shown) => ofKind(shown, 'lost update').length > 1);
    const { statements, rows, findings, lanes } = result.trace;
    const { steps, before } = rows[0]!;
    expect(steps).toHaveLength(result.done);
    let sum = 0n;
    for (const found of ofKind(result, 'lost update')) {
      const read = statements[found.readStatement]!;
      const { revision, balance } = read.rows[0]!;
      expect(read).toMatchObject({ lane: found.lane, sql: expect.stringMatching(/^select/) });
      expect(balance).toBe(found.readValue);
      expect((revision as number) > 0 ? steps[(revision as number) - 1]!.value : before).toBe(found.readValue);
      // It thought between the two, and wrote after what it erased.
      expect(spansOf(lanes[found.lane], 'thinking')[0]!.fromUs).toBeGreaterThanOrEqual(found.readUs);
      expect(statements[found.writeStatement]).toMatchObject({ lane: found.lane, affected: 1 });
      expect(steps[found.step]).toMatchObject({ lane: found.lane, statement: found.writeStatement });
      for (const erased of found.erasedSteps) {
        expect(erased).toBeGreaterThanOrEqual(revision as number);
        expect(erased).toBeLessThan(found.step);
        expect(steps[erased]).toMatchObject({ erasedBy: found.step });
        expect(steps[erased]!.lane).not.toBe(found.lane);
        expect(read.fromUs).toBeLessThan(steps[erased]!.atUs);
      }
      sum += cents(found.amount!);
    }
    expect(findings).toHaveLength(ofKind(result, 'lost update').length);
    // Each that wrote over what it had not read is found, and with it the commit right before its own.
    const stale = steps.flatMap(({ lane }, step) => {
      const [read] = statements.filter((each) => each.lane === lane && each.rows[0]?.revision !== undefined);
      return (read!.rows[0]!.revision as number) < step ? [step] : [];
    });
    expect(ofKind(result, 'lost update').map(({ step }) => step)).toEqual(stale);
    for (const { step, erasedSteps } of ofKind(result, 'lost update')) expect(erasedSteps).toContain(step - 1);
    expect(cents(result.verdict.expected) - sum).toBe(cents(result.verdict.cameOut));
    expect(steps.at(-1)).toMatchObject({ value: result.verdict.cameOut, erasedBy: null });
  },
);

const cents = (amount: string) => BigInt(amount.replace('.', ''));

test('a deadlock is a circle of lanes that wait for each other, and ends with one of them', async () => {
  const request: LabRequest = { scenario: 'user-and-profile', strategies: ['for-update-arrival'] };
  const result = await untilShown(request, (shown) => ofKind(shown, 'deadlock').length > 0);
  const [{ loop, lane, statement, atUs }] = ofKind(result, 'deadlock') as [Extract<Finding, { kind: 'deadlock' }>];
  const { lanes, statements, locks, waits } = result.trace;
  expect(loop.map((edge) => edge.lane).sort()).toEqual([0, 1]);
  for (const [index, edge] of loop.entries()) {
    expect(edge.waitsFor).toBe(loop[(index + 1) % loop.length]!.lane);
    expect(statements[edge.statement!]!.lane).toBe(edge.lane);
    // Each holds a row that the other waits for.
    expect(locks.some((lock) => lock.lane === edge.waitsFor && lock.row !== null && lock.fromUs < atUs)).toBe(true);
    expect(waits.find((wait) => wait.lane === edge.lane)!.blockedBy).toEqual([edge.waitsFor]);
  }
  expect(statements[statement]).toMatchObject({ lane, sqlState: '40P01' });
  expect(lanes[lane]!.answer).toMatchObject({ outcome: 'failed', sqlState: '40P01' });
  expect(lanes[1 - lane]!.answer).toMatchObject({ outcome: 'done' });
});

test('with skip locked five workers take five tasks and none waits; with plain locks four of them wait', async () => {
  const tasks = (result: StrategyResult) => result.trace.lanes.map(({ answer }) => answer!.text).sort();
  const five = ['task 1', 'task 2', 'task 3', 'task 4', 'task 5'];
  const request: LabRequest = { scenario: 'five-workers', thinkMs: 30 };
  const skipping = await untilShown({ ...request, strategies: ['skip-locked'] }, () => true);
  expect(tasks(skipping)).toEqual(five);
  expect(skipping.trace.waits).toEqual([]);
  const rowsHeld = skipping.trace.locks.map(({ row }) => row);
  expect([...new Set(rowsHeld)]).toHaveLength(5);
  const waiting = await untilShown({ ...request, strategies: ['for-update'] }, ({ trace }) => trace.waits.length === 4);
  expect(tasks(waiting)).toEqual(five);
  for (const { lane, blockedBy, fromUs, toUs } of waiting.trace.waits) {
    expect(blockedBy.length).toBeGreaterThan(0);
    expect(blockedBy).not.toContain(lane);
    expect(spansOf(waiting.trace.lanes[lane], 'waiting')).toEqual([expect.objectContaining({ fromUs, toUs })]);
  }
});

test('callers without a session wait for one, and are seen waiting', async () => {
  const request: LabRequest = { scenario: 'joint-account', strategies: ['for-update'], callers: 30, processes: 3 };
  const { strategies, sessions } = await playLab(testDatabase.url, { ...request, rounds: 1, thinkMs: 1 });
  const { lanes } = strategies[0]!.trace;
  expectOrder(strategies[0]!.trace);
  expect(sessions).toBe(10);
  expect(new Set(lanes.map(({ pid }) => pid)).size).toBe(10);
  expect(new Set(lanes.map(({ process }) => process)).size).toBe(3);
  // They come to their sessions when others have been answered.
  const late = lanes.filter((lane) => {
    const [pool] = spansOf(lane, 'pool');
    return lanes.some(({ pid, answer }) => pid === lane.pid && answer!.atUs < pool!.toUs);
  });
  expect(late).toHaveLength(20);
});

test('who does not wait is refused with 409, because of 55P03', async () => {
  const request: LabRequest = { scenario: 'joint-account', strategies: ['no-wait'], callers: 4 };
  const result = await untilShown(request, ({ refused }) => refused > 0);
  const refused = result.trace.lanes.flatMap(({ answer }) => (answer?.outcome === 'refused' ? answer : []));
  for (const answer of refused) {
    expect(answer).toMatchObject({ status: 409, sqlState: '55P03', text: 'try again in a moment' });
  }
  expect(result.sqlStates).toEqual({ '55P03': refused.length });
  expect(result.trace.waits).toEqual([]);
});

test('the engine books callers in groups: fewer commits than callers, each change with the caller that made it', async () => {
  const request: LabRequest = { scenario: 'transfers-both-ways', strategies: ['grouped-engine'], callers: 10 };
  const { done, trace } = await untilShown(request, () => true);
  expect(done).toBe(10);
  const callers = trace.lanes.filter(({ kind }) => kind === 'caller');
  for (const lane of callers) expect(spansOf(lane, 'engine')).toHaveLength(1);
  const commits = trace.statements.filter(({ sql }) => /^commit/i.test(sql));
  expect(commits.length).toBeLessThan(10);
  expect(commits.every(({ lane }) => trace.lanes[lane]!.kind === 'engine')).toBe(true);
  for (const { steps } of trace.rows) {
    expect(steps.map(({ lane }) => lane).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
});
