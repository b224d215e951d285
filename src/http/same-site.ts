import { isIP } from 'node:net';
import type { Request } from 'express';
import { isLoopback } from '../database/loopback.ts';
import { RefusalError } from '../errors/refusal.ts';

/**
 * Refuses what a page of another site could make a browser send to a route that takes no key. Throws RefusalError
 * `foreign_site`.
 *
 * Browsers say where a request comes from, in `Sec-Fetch-Site` (Fetch Metadata) or at least in `Origin` (Fetch, section
 * 3.2); programs that are no browsers say nothing, and pass. A page may also have its own name lead to this machine
 * (DNS rebinding): its requests look like those of our own pages, but for the name in `Host`. So whatever comes in over
 * loopback must call this machine `localhost`, or by an address.
 */
export function requireSameSite(req: Request): void {
  const [site, origin, host] = [req.get('Sec-Fetch-Site'), req.get('Origin'), req.get('Host') ?? ''];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw foreign('a page of another site');
  if (origin !== undefined && hostOf(origin) !== host.toLowerCase()) throw foreign('a page of another site');
  if (isLoopback(req.socket.localAddress ?? '') && !isOwnName(host)) {
    throw foreign('a page whose name leads to this machine; call it localhost, or by its address');
  }
}

function foreign(from: string): RefusalError {
  return new RefusalError('foreign_site', `The request comes from ${from}.`);
}

/** Undefined for what is no origin of a page, such as `null`. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function isOwnName(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}
