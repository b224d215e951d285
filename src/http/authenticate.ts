import type { RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import type { Database } from '../database/create-database.ts';
import { RefusalError } from '../errors/refusal.ts';
import { hashApiKey, ledgerOfApiKey } from '../ledger/api-key.ts';
import type { Caller } from './caller.ts';

/** A revoked key works for at most this long; in return a busy caller costs no query a request. */
const cacheMs = 5_000;
const maxCachedKeys = 10_000;

/** `Bearer` and a token of visible characters (RFC 6750, section 2.1, in a wider sense). */
const bearer = /^Bearer +([\x21-\x7e]{1,512})$/i;

/** Finds whose request it is, for `callerOf`. Throws RefusalError `unauthorized`. */
export function authenticate(database: Database): RequestHandler {
  const callers = new LRUCache<string, Caller>({ max: maxCachedKeys, ttl: cacheMs });
  return (req, res, next) => {
    const key = bearer.exec(req.headers.authorization ?? '')?.[1];
    if (key === undefined) {
      throw new RefusalError('unauthorized', 'Send the ledger\'s API key as "Authorization: Bearer <key>".');
    }
    const keyHash = hashApiKey(key);
    const cacheKey = keyHash.toString('base64');
    res.locals.caller = callers.get(cacheKey);
    if (res.locals.caller !== undefined) {
      next();
      return;
    }
    return findCaller(database, ledgerOfApiKey(key), keyHash).then((caller) => {
      callers.set(cacheKey, caller);
      res.locals.caller = caller;
      next();
    });
  };
}

/** Where a key names no ledger, this is the one query that cannot either: the ledger is its answer. */
async function findCaller(database: Database, ledgerId: string | undefined, keyHash: Buffer): Promise<Caller> {
  const ofLedger = ledgerId === undefined ? {} : { ledger_id: ledgerId };
  const found = await database('api_keys')
    .where({ ...ofLedger, key_hash: keyHash })
    .whereNull('revoked_at')
    .limit(2)
    .select<Array<Omit<Caller, 'authentication'>>>('id as keyId', 'ledger_id as ledgerId', 'party_id as boundParty');
  // The same key in two ledgers names neither.
  const [caller] = found;
  if (caller === undefined || found.length > 1)
    throw new RefusalError('unauthorized', 'This API key is not known, or was revoked.');
  const { keyId, boundParty } = caller;
  return { ...caller, authentication: { channel: boundParty === null ? 'service' : 'own_key', keyId } };
}

/** Whether the caller's key, good when the request came, has been revoked since: for answers that go on for long. */
export async function isKeyRevoked(database: Database, { ledgerId, keyId }: Caller): Promise<boolean> {
  const key = { ledger_id: ledgerId, id: keyId };
  return (await database('api_keys').where(key).whereNull('revoked_at').first('id')) === undefined;
}

/** Who calls; known behind `authenticate`. */
export function callerOf(res: Response): Caller {
  return res.locals.caller;
}
