import type { RequestHandler } from 'express';
import { isLoopback } from '../database/loopback.ts';
import { RefusalError } from '../errors/refusal.ts';

/**
 * Refuses requests that came in clear text: those that neither a trusted proxy forwards as https nor come from this
 * machine itself. Throws RefusalError `tls_required`, before the key is looked at; it has been seen by then.
 */
export const requireTls: RequestHandler = (req, _res, next) => {
  // Behind a proxy that is trusted, the address is that of who called it.
  const isForwarded = req.headers['x-forwarded-proto'] !== undefined;
  if (!req.secure && (isForwarded || !isLoopback(req.ip ?? ''))) {
    throw new RefusalError('tls_required', 'Send this over https, and take another API key: this one could be read.');
  }
  next();
};
