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

/** Whom an API key belongs to. */
interface KeyOwner {
  /** The key's own id, by which it is listed, revoked, and named in the log. */
  readonly keyId: string;
  readonly ledgerId: string;
  /** The only party that the key acts for; null for a key of the service that calls. */
  readonly partyId: string | null;
}

/** Finds the ledger that the request's API key belongs to. Throws RefusalError `unauthorized`. */
export function authenticate(database: Database): RequestHandler {
  const owners = new LRUCache<string, KeyOwner>({ max: cachedKeys, ttl: cacheMs });
  return (req, res, next) => {
    const key = bearer.exec(req.headers.authorization ?? '')?.[1];
    if (key === undefined) {
      throw new RefusalError('unauthorized', 'Send the ledger\'s API key as "Authorization: Bearer <key>".');
    }
    const keyHash = hashApiKey(key);
    res.locals.keyHash = keyHash;
    const cacheKey = keyHash.toString('base64');
    res.locals.keyOwner = owners.get(cacheKey);
    if (res.locals.keyOwner !== undefined) {
      next();
      return;
    }
    return findOwner(database, keyHash).then((owner) => {
      owners.set(cacheKey, owner);
      res.locals.keyOwner = owner;
      next();
    });
  };
}

/** The one query that cannot name the ledger, because the ledger is its answer. */
async function findOwner(database: Database, keyHash: Buffer): Promise<KeyOwner> {
  const found = await database('api_keys')
    .where('key_hash', keyHash)
    .whereNull('revoked_at')
    .limit(2)
    .select<KeyOwner[]>('id as keyId', 'ledger_id as ledgerId', 'party_id as partyId');
  // The same key in two ledgers names neither.
  const [owner] = found;
  if (owner === undefined || found.length > 1)
    throw new RefusalError('unauthorized', 'This API key is not known, or was revoked.');
  return owner;
}

/** Whether the request's key, good when the request came, has been revoked since: for answers that go on for long. */
export async function isKeyRevoked(database: Database, res: Response): Promise<boolean> {
  const valid = await database('api_keys').where('key_hash', res.locals.keyHash).whereNull('revoked_at').first('id');
  return valid === undefined;
}

export function ledgerIdOf(res: Response): string {
  return res.locals.keyOwner.ledgerId;
}

/** The only party that the request's key acts for; null for a key of the service that calls. */
export function boundPartyOf(res: Response): string | null {
  return res.locals.keyOwner.partyId;
}
