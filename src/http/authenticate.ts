import type { RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import type { Database } from '../database/create-database.ts';
import { RefusalError } from '../errors/refusal.ts';
import { hashApiKey, ledgerOfApiKey } from '../ledger/api-key.ts';
import type { Scope } from '../ledger/key-scopes.ts';
import { machineClock } from '../ledger/trusted-clock.ts';
import type { Admission } from './admission.ts';
import type { Caller, TokenVerifier } from './caller.ts';
import type { Hints } from './service-parts.ts';

/** A revoked key works for so long where the message of its end is lost; a busy caller costs no query in return. */
const cacheMs = 5_000;
/** A key that is not known is looked for again after this. */
const unknownMs = 1_000;
const maxCachedKeys = 10_000;
/** To the minute: each use of a key would be a write. */
const usePrecisionMs = 60_000;

/** `Bearer` and a token of visible characters (RFC 6750, section 2.1, in a wider sense). */
const bearer = /^Bearer +([\x21-\x7e]{1,8192})$/i;

interface KeyRow {
  id: string;
  ledger_id: string;
  party_id: string | null;
  scopes: Scope[];
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

/** Whose key it is. One that was revoked is no caller's, but of whom it was goes into the audit trail. */
interface KnownKey {
  readonly caller: Caller;
  readonly isRevoked: boolean;
}

export interface Authenticator {
  readonly handler: RequestHandler;
  /** Who calls with this `Authorization`, where that was looked up a moment ago and is good. */
  recall(authorization: string | undefined): Caller | undefined;
}

/**
 * Longer ones than our own are kept by their hashes: ten thousand of them would fill the memory. Behind a line feed,
 * which no header has, so that a hash lets nobody in.
 */
const maxKeptLength = 128;

function cacheKeyOf(key: string): string {
  return key.length <= maxKeptLength ? key : `\n${hashApiKey(key).toString('base64')}`;
}

/**
 * Finds whose request it is, for `callerOf`. Throws RefusalError `unauthorized`. Keys that were looked up are kept for
 * seconds, the unknown ones too, and forgotten when any key has ended in any process. Throws `too_many_requests` for
 * more unknown keys from one address than it may send.
 */
export function authenticate(
  database: Database,
  hints: Pick<Hints, 'onTold'>,
  admission: Pick<Admission, 'admitStranger' | 'countStranger'>,
  tokens: TokenVerifier,
): Authenticator {
  const known: KnownKeys = new LRUCache({ max: maxCachedKeys, ttl: cacheMs });
  // Those that were good a while ago: they are looked up whatever strangers send from the same address.
  const good = new LRUCache<string, true>({ max: maxCachedKeys });
  // What was asked before a key ended must not be kept after it.
  let endings = 0;
  hints.onTold('keys', () => {
    endings++;
    known.clear();
  });

  async function lookUp(key: string, cacheKey: string): Promise<KnownKey | 'unknown'> {
    const before = endings;
    const ofToken = tokens.verify(key);
    const found =
      ofToken === undefined
        ? ((await findKey(database, ledgerOfApiKey(key), hashApiKey(key))) ?? 'unknown')
        : { caller: await ofToken, isRevoked: false };
    if (before === endings) known.set(cacheKey, found, { ttl: isGone(found) ? unknownMs : cacheMs });
    return found;
  }

  const handler: RequestHandler = (req, res, next) => {
    const key = bearer.exec(req.headers.authorization ?? '')?.[1];
    if (key === undefined) {
      throw new RefusalError('unauthorized', 'Send an API key, or a token, as "Authorization: Bearer <key>".');
    }
    const cacheKey = cacheKeyOf(key);
    const kept = known.get(cacheKey);
    if (kept !== undefined) {
      admitKey(res, kept);
      next();
      return;
    }
    const find = async () => {
      try {
        const found = await lookUp(key, cacheKey);
        if (isGone(found)) {
          good.delete(cacheKey);
          admission.countStranger(req);
        } else good.set(cacheKey, true);
        return found;
      } catch (error) {
        if (error instanceof RefusalError) {
          good.delete(cacheKey);
          admission.countStranger(req);
        }
        throw error;
      }
    };
    const asked = good.has(cacheKey) ? find() : admission.admitStranger(req, find);
    return asked.then((found) => {
      admitKey(res, found);
      next();
    });
  };

  return { handler, recall: (authorization) => recall(known, authorization) };
}

type KnownKeys = LRUCache<string, KnownKey | 'unknown'>;

function recall(known: KnownKeys, authorization: string | undefined): Caller | undefined {
  if (!authorization?.startsWith('Bearer ')) return;
  const found = known.get(authorization.slice('Bearer '.length));
  if (found === undefined || found === 'unknown' || found.isRevoked) return;
  const { caller } = found;
  return caller.expiresAt === null || caller.expiresAt.getTime() > machineClock.now() ? caller : undefined;
}

const keyKind = ({ caller }: KnownKey) => (caller.keyId === null ? 'token' : 'API key');

function isGone(found: KnownKey | 'unknown'): boolean {
  return found === 'unknown' || found.isRevoked;
}

/** Throws RefusalError `unauthorized` for one that is unknown, was revoked or has expired. */
function admitKey(res: Response, found: KnownKey | 'unknown'): void {
  // For the audit trail: the refusal of a key that has ended is its ledger's.
  if (found !== 'unknown') res.locals.caller = found.caller;
  if (found === 'unknown' || found.isRevoked)
    throw new RefusalError('unauthorized', 'This API key is not known, or was revoked.');
  const { expiresAt } = found.caller;
  if (expiresAt !== null && expiresAt.getTime() <= machineClock.now())
    throw new RefusalError('unauthorized', `This ${keyKind(found)} expired ${expiresAt.toISOString()}.`);
}

/** Where a key names no ledger, this is the one query that cannot either: the ledger is its answer. */
async function findKey(
  database: Database,
  ledgerId: string | undefined,
  keyHash: Buffer,
): Promise<KnownKey | undefined> {
  const ofLedger = ledgerId === undefined ? {} : { ledger_id: ledgerId };
  const [row, other] = await database('api_keys')
    .where({ ...ofLedger, key_hash: keyHash })
    .orderByRaw('revoked_at is not null')
    .limit(2)
    .select<KeyRow[]>('id', 'ledger_id', 'party_id', 'scopes', 'expires_at', 'revoked_at', 'last_used_at');
  if (row === undefined) return;
  const isRevoked = row.revoked_at !== null;
  // The same key in two ledgers names neither, unless it has ended in the other one only.
  if (other !== undefined && (other.revoked_at !== null) === isRevoked) return;
  if (!isRevoked) await noteUse(database, row);
  const { id: keyId, ledger_id, party_id: boundParty, scopes, expires_at: expiresAt } = row;
  const authentication = { channel: boundParty === null ? ('service' as const) : ('own_key' as const), keyId };
  return { caller: { keyId, ledgerId: ledger_id, boundParty, scopes, expiresAt, authentication }, isRevoked };
}

/** Nothing depends on it: where it can't be written, the next use is noted. */
async function noteUse(database: Database, { ledger_id, id, expires_at, last_used_at }: KeyRow): Promise<void> {
  const now = machineClock.now();
  const isExpired = expires_at !== null && expires_at.getTime() <= now;
  if (isExpired || (last_used_at !== null && now - last_used_at.getTime() < usePrecisionMs)) return;
  await database('api_keys')
    .where({ ledger_id, id })
    .update({ last_used_at: new Date(now) })
    .catch(() => {});
}

/** Whether the caller's key, good when the request came, has ended since: for answers that go on for long. */
export async function hasKeyEnded(database: Database, { ledgerId, keyId, expiresAt }: Caller): Promise<boolean> {
  if (expiresAt !== null && expiresAt.getTime() <= machineClock.now()) return true;
  if (keyId === null) return false;
  const key = { ledger_id: ledgerId, id: keyId };
  const found = await database('api_keys').where(key).whereNull('revoked_at').first('expires_at');
  return found === undefined || (found.expires_at !== null && found.expires_at.getTime() <= machineClock.now());
}
