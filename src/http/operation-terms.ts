import { hash, randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { OperationTerms } from '../ledger/operation.ts';
import { ledgerIdOf } from './authenticate.ts';
import { idempotencyKey, invalidInput, readInput } from './read-input.ts';

/** A caller may ask to wait longer than the service would, up to this. */
const longestWaitSeconds = 30;

const dryRunQuery = z.strictObject({ dryRun: z.enum(['true', 'false']).optional() });
const noQuery = z.strictObject({});
const idempotencyKeyHeader = z.object({ 'Idempotency-Key': idempotencyKey });

/**
 * Reads how the caller wants the operation carried out: `Idempotency-Key`, `Prefer: wait=N` (RFC 7240, section 4.3),
 * and, where `dryRun` says that the route offers it, `?dryRun=true`. Throws RefusalError `validation_failed`.
 */
export function readOperationTerms(req: Request, res: Response, offers: { dryRun: boolean }): OperationTerms {
  const query = offers.dryRun ? readInput(dryRunQuery, req.query) : readInput(noQuery, req.query);
  const terms = {
    ledgerId: ledgerIdOf(res),
    // A PUT is idempotent by what it says (RFC 9110, section 9.2.2); only the answer to the first differs, by 201.
    idempotencyKey: req.method === 'PUT' ? makeUpKey() : readIdempotencyKey(req),
    requestHash: hashRequest(req.method, req.originalUrl.split('?')[0]!, req.body ?? null),
    dryRun: 'dryRun' in query && query.dryRun === 'true',
    isAbandoned: () => res.destroyed,
  };
  const waitSeconds = readPreferredWait(req);
  if (waitSeconds === undefined) return terms;
  res.setHeader('Preference-Applied', `wait=${waitSeconds}`);
  return { ...terms, lockTimeoutMs: waitSeconds * 1000 };
}

function readIdempotencyKey(req: Request): string {
  const key = req.get('Idempotency-Key');
  if (key === undefined) return makeUpKey();
  return readInput(idempotencyKeyHeader, { 'Idempotency-Key': key })['Idempotency-Key'];
}

/** A space cannot stand in a caller's key, so a made-up one never meets it. */
function makeUpKey(): string {
  return `request ${randomUUID()}`;
}

/** The preferences of the request that this service knows: only `wait`. Others are ignored, as the RFC asks. */
function readPreferredWait(req: Request): number | undefined {
  const preferences = (req.get('Prefer') ?? '').split(',').map((preference) => preference.trim());
  const wait = preferences.find((preference) => /^wait\s*(?:[=;]|$)/i.test(preference));
  if (wait === undefined) return undefined;
  const seconds = /^wait\s*=\s*"?(\d{1,9})"?$/i.exec(wait)?.[1];
  if (seconds === undefined) throw invalidInput([{ path: 'Prefer', message: 'must say wait=N with whole seconds' }]);
  return Math.min(Number.parseInt(seconds, 10), longestWaitSeconds);
}

/**
 * Two requests are the same when method, path and JSON document are; the order of a document's fields doesn't matter.
 * The hashes are stored: whatever changes here must give the same ones.
 */
export function hashRequest(method: string, path: string, document: unknown): Buffer {
  return hash('sha256', JSON.stringify([method, path, inOneOrder(document)]), 'buffer');
}

function inOneOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inOneOrder);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, inOneOrder(field)]));
}
