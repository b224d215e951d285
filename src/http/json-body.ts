import type { Request, RequestHandler } from 'express';
import readBytes from 'raw-body';
import secureJson from 'secure-json-parse';
import { invalidInput } from '../errors/invalid-input.ts';
import { RefusalError } from '../errors/refusal.ts';
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

function checkEncoding({ headers }: Request): void {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new RefusalError('unsupported_media_type', 'Send the body without Content-Encoding.');
}

/** A request has a body when one of these announces it (RFC 9112, section 6). */
function hasBody({ headers }: Request): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** Many times the largest document of this interface, batches aside. */
const maxBodyBytes = 64 * 1024;
/** A thousand movements with ordinary notes take a quarter of this. */
const maxBatchBytes = 2 * 1024 * 1024;

/** Bodies that were read already, with nothing unusual about how they came. */
const keptBodies = new WeakMap<Request, Buffer>();

export function keepBody(req: Request, bytes: Buffer): void {
  keptBodies.set(req, bytes);
}

/**
 * Reads the body as JSON (RFC 8259): UTF-8 without exception, at most 64 KiB or 2 MiB of a batch, no compression, no
 * `__proto__`, no field twice, nothing that could not be stored and read back unchanged. An empty body is undefined.
 * What is too large is refused as soon as that is known.
 */
export const jsonBody: RequestHandler = (req, _res, next) => {
  const kept = keptBodies.get(req);
  if (kept !== undefined) {
    req.body = documentOf(kept);
    next();
    return;
  }
  checkMediaType(req);
  if (!hasBody(req)) {
    next();
    return;
  }
  checkEncoding(req);
  const limit = req.path === '/batches' ? maxBatchBytes : maxBodyBytes;
  readBytes(req, { length: req.headers['content-length'] ?? null, limit }, (error, bytes) => {
    if (error) {
      // What else comes is thrown away, so that the caller comes to read the answer.
      req.resume();
      next(error);
      return;
    }
    try {
      req.body = documentOf(bytes);
    } catch (unreadable) {
      next(unreadable);
      return;
    }
    next();
  });
};

function documentOf(bytes: Buffer): unknown {
  return bytes.length > 0 ? parseJson(bytes) : undefined;
}

function parseJson(bytes: Buffer): unknown {
  const text = attempt(() => utf8.decode(bytes), 'The body is not valid UTF-8.');
  const document = attempt(
    () => secureJson.parse(text) as unknown,
    'The body is not valid JSON, or names __proto__ or constructor.prototype.',
  );
  // What is written out again as it came has no field twice; anything else is looked through.
  const unfit = findUnstorable(document) ?? (JSON.stringify(document) === text ? undefined : findRepeatedField(text));
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
