import type { RequestHandler } from 'express';
import { RefusalError } from '../errors/refusal.ts';

/** Of each of these node keeps the first; another reader of the same request, such as a proxy, may go by the last. */
const once: ReadonlySet<string> = new Set(['host', 'authorization']);

/** The first that stands twice among the names and values of a request's headers. */
export function findRepeatedHeader(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    // Most names have another length, and are not looked at.
    if (name.length !== 'host'.length && name.length !== 'authorization'.length) continue;
    const known = name.toLowerCase();
    if (!once.has(known)) continue;
    if (seen.has(known)) return name;
    seen.add(known);
  }
  return undefined;
}

/** Refuses a request that says twice for which host, or by whose key, it is (RFC 9112, section 3.2). */
export const refuseRepeatedHeaders: RequestHandler = (req, _res, next) => {
  const name = findRepeatedHeader(req.rawHeaders);
  if (name !== undefined) throw new RefusalError('malformed_request', `The header ${name} must not stand twice.`);
  next();
};
