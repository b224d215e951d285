import type { RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import type { Database } from '../database/create-database.ts';
import { RefusalError } from '../errors/refusal.ts';
import { hashApiKey } from '../ledger/api-key.ts';

/** A revoked key works for at most this long; in return a busy caller costs no query a request. */
const cacheMs = 5_000;
const cachedKeys = 10_000;

/** `Bearer` and a token of visible characters (RFC 6750, section 2.1, in a wider sense). */
const bearer = /^Bearer +([\x21-\x7e]{1,512})$/i;

/** Finds the ledger that the request's API key belongs to. Throws RefusalError `unauthorized`. */
export function authenticate(database: Database): RequestHandler {
  const ledgers = new LRUCache<string, string>({ max: cachedKeys, ttl: cacheMs });
  return (req, res, next) => {
    const key = bearer.exec(req.headers.authorization ?? '')?.[1];
    if (key === undefined) {
      throw new RefusalError('unauthorized', 'Send the ledger\'s API key as "Authorization: Bearer <key>".');
    }
    const keyHash = hashApiKey(key);
    const cacheKey = keyHash.toString('base64');
    res.locals.ledgerId = ledgers.get(cacheKey);
    if (res.locals.ledgerId !== undefined) {
      next();
      return;
    }
    return findLedgerId(database, keyHash).then((ledgerId) => {
      ledgers.set(cacheKey, ledgerId);
      res.locals.ledgerId = ledgerId;
      next();
    });
  };
}

/** The one query that cannot name the ledger, because the ledger is its answer. */
async function findLedgerId(database: Database, keyHash: Buffer): Promise<string> {
  const found = await database('api_keys')
    .where('key_hash', keyHash)
    .whereNull('revoked_at')
    .limit(2)
    .pluck('ledger_id');
  // The same key in two ledgers names neither.
  if (found.length !== 1) throw new RefusalError('unauthorized', 'This API key is not known, or was revoked.');
  return found[0];
}

export function ledgerIdOf(res: Response): string {
  return res.locals.ledgerId;
}
