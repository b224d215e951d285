import { expect } from '@jest/globals';
import { type ErrorCode, errorTitles } from '../../src/errors/error-catalogue.ts';
import { problemStatus } from '../../src/http/problem-status.ts';
import type { RawAnswer } from './raw-request.ts';
import type { TestService } from './test-service.ts';

/**
 * Expects a whole problem document (RFC 9457) with this code, whose status says that the caller has to change
 * something; for `validation_failed` also the fields that it must name, in their order.
 */
export function expectProblem(answer: RawAnswer, code: ErrorCode, paths?: readonly string[]): void {
  expect(answer.body).toMatchObject({
    type: `/errors#${code}`,
    title: errorTitles[code],
    status: problemStatus[code],
    detail: expect.stringMatching(/\S/),
    code,
    requestId: answer.headers['x-request-id'],
  });
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json\b/);
  expect(answer.status).toBe(problemStatus[code]);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.body.requestId).toMatch(/^[\w.:-]{1,128}$/);
  expect(code !== 'validation_failed' || paths !== undefined).toBe(true);
  if (paths === undefined) return;
  expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual(paths);
  for (const { message } of answer.body.errors) {
    expect(message).toMatch(/\S/);
    if (answer.body.detail.length < 500) expect(answer.body.detail).toContain(message);
  }
}

/** Everything that a request which was refused as bad input must leave alone. */
export async function readBooks(service: TestService): Promise<unknown> {
  const own = 'where ledger_id = :ledgerId';
  const { rows } = await service.database.raw(
    `select (select count(*) from transactions ${own}) as transactions, (select count(*) from entries ${own}) as entries,
            (select count(*) from idempotency_keys ${own}) as keys, (select count(*) from parties ${own}) as parties,
            (select count(*) from holders ${own}) as holders,
            (select json_agg(json_build_array(id, balance, held, version, status) order by id)
             from accounts ${own}) as accounts`,
    { ledgerId: service.ledgerId },
  );
  return rows[0];
}

/** Runs `send` and expects that the books, the used idempotency keys included, are what they were before. */
export async function leavingTheBooksAlone(service: TestService, send: () => Promise<void>): Promise<void> {
  const before = await readBooks(service);
  await send();
  expect(await readBooks(service)).toEqual(before);
}
