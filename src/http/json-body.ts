import express, { type Request, type RequestHandler } from 'express';
import secureJson from 'secure-json-parse';
import { RefusalError } from '../errors/refusal.ts';
import { invalidInput } from './read-input.ts';
import { findRepeatedField } from './repeated-field.ts';
import { findUnstorable } from './storable.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

function checkMediaType(req: Request): void {
  // What nearly every client sends needs no parsing.
  if (req.headers['content-type'] === 'application/json') return;
  // Clients announce a POST without a body as one of no bytes. `is` answers null when nothing announces a body.
  const type = req.headers['content-length'] === '0' ? null : req.is('application/json');
  const charset = /;\s*charset="?([^";\s]+)/i.exec(req.headers['content-type'] ?? '')?.[1];
  if (type === false || (type !== null && charset !== undefined && !/^utf-?8$/i.test(charset))) {
    throw new RefusalError('unsupported_media_type', 'Send the body as Content-Type: application/json, in UTF-8.');
  }
}

/** Many times the largest document of this interface, batches aside. */
const limitBytes = 64 * 1024;
/** A thousand movements with ordinary notes take a quarter of this. */
const batchLimitBytes = 2 * 1024 * 1024;

const readBytes = express.raw({ type: () => true, limit: limitBytes, inflate: false });
const readBatchBytes = express.raw({ type: () => true, limit: batchLimitBytes, inflate: false });

/**
 * Reads the body as JSON (RFC 8259): UTF-8 without exception, at most 64 KiB or 2 MiB of a batch, no compression, no
 * `__proto__`, no field twice, nothing that could not be stored and read back unchanged. An empty body is undefined.
 */
export const jsonBody: RequestHandler = (req, res, next) => {
  checkMediaType(req);
  const read = req.path === '/batches' ? readBatchBytes : readBytes;
  read(req, res, (error?: unknown) => {
    if (error !== undefined) {
      next(error);
      return;
    }
    const bytes: unknown = req.body;
    try {
      req.body = Buffer.isBuffer(bytes) && bytes.length > 0 ? parseJson(bytes) : undefined;
    } catch (unreadable) {
      next(unreadable);
      return;
    }
    next();
  });
};

function parseJson(bytes: Buffer): unknown {
  const text = attempt(() => utf8.decode(bytes), 'The body is not valid UTF-8.');
  const document = attempt(
    () => secureJson.parse(text) as unknown,
    'The body is not valid JSON, or names __proto__ or constructor.prototype.',
  );
  const unfit = findUnstorable(document) ?? findRepeatedField(text);
  if (unfit !== undefined) throw invalidInput([unfit]);
  return document;
}

function attempt<Result>(read: () => Result, failure: string): Result {
  try {
    return read();
  } catch (error) {
    throw new RefusalError('malformed_json', failure, undefined, { cause: error });
  }
}
