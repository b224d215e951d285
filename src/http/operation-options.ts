import { hash } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { invalidInput } from '../errors/invalid-input.ts';
import type { RefusalError } from '../errors/refusal.ts';
import { canonicalJson } from '../ledger/canonical-json.ts';
import { makeUpKey, type OperationOptions } from '../ledger/operation.ts';
import { type Caller, callerOf } from './caller.ts';
import { expectedTag, idempotencyKey, readInput } from './read-input.ts';
import { requestSpanOf } from './request-span.ts';
import type { Offers } from './route.ts';

/** A caller may ask to wait longer than the service would, up to this. */
const maxWaitSeconds = 30;

const idempotencyKeyHeader = z.object({ 'Idempotency-Key': idempotencyKey });
const expectedTagHeader = z.object({ 'If-Match': expectedTag });

/**
 * Reads how the caller wants the operation carried out: `Idempotency-Key`, `Prefer: wait=N` (RFC 7240, section 4.3),
 * and `If-Match`. Throws RefusalError `validation_failed`.
 */
export function readOperationOptions(req: Request, res: Response, offers: Offers, dryRun: boolean): OperationOptions {
  const caller = callerOf(res);
  // Finding or making by PUT is idempotent by what it says (RFC 9110, section 9.2.2); only the first answer differs, by
  // 201. Such a route offers no key.
  const idempotencyKey = offers.idempotencyKey ? readIdempotencyKey(req, caller) : makeUpKey();
  const waitSeconds = readPreferredWait(req);
  const expectedTag = readExpectedTag(req, offers.ifMatch === true);
  if (waitSeconds !== undefined) res.setHeader('Preference-Applied', `wait=${waitSeconds}`);
  return {
    ledgerId: caller.ledgerId,
    idempotencyKey,
    requestHash: hashRequest(req.method, req.originalUrl.split('?')[0]!, req.body ?? null),
    lockTimeoutMs: waitSeconds === undefined ? undefined : waitSeconds * 1000,
    dryRun,
    expectedTag,
    isAbandoned: () => res.destroyed,
    span: requestSpanOf(res),
  };
}

/** The entity tag in `If-Match` (RFC 9110, section 13.1.1), undefined without one or with `*`. */
function readExpectedTag(req: Request, isOffered: boolean): string | undefined {
  const header = req.get('If-Match')?.trim();
  if (header === undefined) return undefined;
  if (!isOffered) throw refuseIfMatch();
  const tag = readInput(expectedTagHeader, { 'If-Match': header }, 'header')['If-Match'];
  return tag === '*' ? undefined : tag;
}

/** The refusal of an entity tag where the caller is answered none. */
export function refuseIfMatch(): RefusalError {
  return invalidInput(
    [{ path: 'If-Match', message: 'is not possible here: the answer has no ETag to compare with' }],
    'header',
  );
}

function readIdempotencyKey(req: Request, caller: Caller): string {
  const key = req.get('Idempotency-Key');
  if (key === undefined) return makeUpKey();
  return keyOfCaller(caller, readInput(idempotencyKeyHeader, { 'Idempotency-Key': key }, 'header')['Idempotency-Key']);
}

/**
 * An idempotency key as it is stored. Parties with API keys of their own each have a space of their own, so that none
 * can use up, or find out, what another or the service has used.
 */
export function keyOfCaller({ boundParty }: Caller, key: string): string {
  return boundParty === null ? key : `${boundParty} ${key}`;
}

/** The preferences of the request that this service knows: only `wait`. Others are ignored, as the RFC asks. */
function readPreferredWait(req: Request): number | undefined {
  const preferences = (req.get('Prefer') ?? '').split(',').map((preference) => preference.trim());
  const wait = preferences.find((preference) => /^wait\s*(?:[=;]|$)/i.test(preference));
  if (wait === undefined) return undefined;
  const seconds = /^wait\s*=\s*"?(\d{1,9})"?$/i.exec(wait)?.[1];
  if (seconds === undefined)
    throw invalidInput([{ path: 'Prefer', message: 'must say wait=N with whole seconds' }], 'header');
  return Math.min(Number.parseInt(seconds, 10), maxWaitSeconds);
}

/**
 * Two requests are the same when method, path and JSON document are; the order of a document's fields doesn't matter.
 * The hashes are stored: whatever changes here must give the same ones.
 */
export function hashRequest(method: string, path: string, document: unknown): Buffer {
  return hash('sha256', canonicalJson([method, path, document]), 'buffer');
}
