import express, { type RequestHandler } from 'express';
import secureJson from 'secure-json-parse';
import { RefusalError } from '../errors/refusal.ts';
import { invalidInput } from './read-input.ts';
import { findUnstorable } from './storable.ts';

/** Many times the largest document of this interface. */
const limitBytes = 64 * 1024;

const readBytes = express.raw({ type: () => true, limit: limitBytes, inflate: false });
const utf8 = new TextDecoder('utf-8', { fatal: true });

const checkMediaType: RequestHandler = (req, _res, next) => {
  // `is` answers null when there is no body at all.
  const type = req.is('application/json');
  const charset = /;\s*charset="?([^";\s]+)/i.exec(req.headers['content-type'] ?? '')?.[1];
  if (type === false || (type !== null && charset !== undefined && !/^utf-?8$/i.test(charset))) {
    throw new RefusalError('unsupported_media_type', 'Send the body as Content-Type: application/json, in UTF-8.');
  }
  next();
};

const parseBytes: RequestHandler = (req, _res, next) => {
  const bytes: unknown = req.body;
  req.body = Buffer.isBuffer(bytes) && bytes.length > 0 ? parseJson(bytes) : undefined;
  next();
};

/**
 * Reads the body as JSON (RFC 8259): UTF-8 without exception, at most 64 KiB, no compression, no `__proto__`, nothing
 * that could not be stored and read back unchanged. An empty body is undefined.
 */
export const jsonBody: RequestHandler[] = [checkMediaType, readBytes, parseBytes];

function parseJson(bytes: Buffer): unknown {
  let document: unknown;
  try {
    document = secureJson.parse(utf8.decode(bytes));
  } catch (error) {
    const detail =
      error instanceof TypeError ? 'The body is not valid UTF-8.' : 'The body is not valid JSON, or names __proto__.';
    throw new RefusalError('malformed_json', detail, undefined, { cause: error });
  }
  const unstorable = findUnstorable(document);
  if (unstorable !== undefined) throw invalidInput([unstorable]);
  return document;
}
