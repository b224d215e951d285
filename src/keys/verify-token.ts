import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { LRUCache } from 'lru-cache';
import type { Database } from '../database/create-database.ts';
import { RefusalError } from '../errors/refusal.ts';
import type { Caller, TokenVerifier } from '../http/caller.ts';
import { line } from '../http/read-input.ts';
import { storableText } from '../http/storable.ts';
import type { Scope } from '../ledger/key-scopes.ts';
import { audienceOf, findTokenIssuer, type TokenIssuer } from '../ledger/token-issuers.ts';
import { machineClock } from '../ledger/trusted-clock.ts';
import { findPartyByExternalId } from '../parties/party-queries.ts';

const form = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const audience = /^joint-ledger:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** What an issuer publishes is fetched with a limit, and not again for a while when a key is missing in it. */
const fetching = { timeoutDuration: 5_000, cooldownDuration: 30_000, cacheMaxAge: 600_000 };
const maxIssuers = 1_000;
/** A token for more is for the first of them. */
const maxLedgers = 5;
const subjectForm = line(200);

/**
 * Reads tokens of parties (RFC 7519): issued by whom the ledger trusts, for this ledger, not expired, signed with one
 * of the algorithms that were agreed. The subject is the party's external id. A claim `scope` (RFC 8693, section 4.2)
 * narrows what the token is for.
 *
 * Keys of issuers are fetched while no row is locked. Throws RefusalError `unauthorized` with what is wrong with the
 * token, and `token_keys_unavailable`.
 */
export function createTokenVerifier(database: Database): TokenVerifier {
  // By what they are made of: an issuer that changes its keys in the table has others.
  const keySets = new LRUCache<string, JWTVerifyGetKey>({ max: maxIssuers });

  function keysOf({ keys }: TokenIssuer): JWTVerifyGetKey {
    const name = JSON.stringify(keys);
    const kept = keySets.get(name);
    if (kept !== undefined) return kept;
    const made = 'jwks' in keys ? ownKeys(keys.jwks) : createRemoteJWKSet(new URL(keys.jwksUrl), fetching);
    keySets.set(name, made);
    return made;
  }

  /** The first of the ledgers that it is for that knows its issuer. */
  async function findLedger(ledgerIds: readonly string[], { iss }: JWTPayload) {
    for (const ledgerId of typeof iss === 'string' && storableText(iss) ? ledgerIds : []) {
      const source = { knex: database, ledgerId };
      const issuer = await findTokenIssuer(source, iss!);
      if (issuer !== undefined) return { ledgerId, source, issuer };
    }
    throw unauthorized('Its issuer is not one whose tokens this ledger takes.');
  }

  async function verify(token: string, ledgerIds: readonly string[], claims: JWTPayload): Promise<Caller> {
    const { ledgerId, source, issuer } = await findLedger(ledgerIds, claims);
    const { payload } = await jwtVerify(token, keysOf(issuer), {
      ...{ issuer: issuer.issuer, audience: audienceOf(ledgerId), algorithms: [...issuer.algorithms] },
      ...{ clockTolerance: issuer.leewaySeconds, currentDate: new Date(machineClock.now()) },
      requiredClaims: ['exp', 'sub'],
    });
    const subject = subjectForm.safeParse(payload.sub);
    const party = subject.success ? await findPartyByExternalId(source, subject.data) : undefined;
    if (party === undefined) throw unauthorized('Its subject is the external id of no party of this ledger.');
    return {
      keyId: null,
      ledgerId,
      boundParty: party.id,
      scopes: scopesOf(issuer, payload),
      expiresAt: new Date((payload.exp! + issuer.leewaySeconds) * 1000),
      authentication: { channel: 'token', keyId: null },
    };
  }

  return {
    verify(token) {
      const claims = readClaims(token);
      if (claims === undefined) return undefined;
      const named = [claims.aud ?? []].flat().flatMap((name) => audience.exec(String(name))?.[1] ?? []);
      const ledgerIds = [...new Set(named)].slice(0, maxLedgers);
      if (ledgerIds.length === 0) return Promise.reject(unauthorized('It is for no ledger (aud).'));
      return verify(token, ledgerIds, claims).catch((error) => {
        throw explain(error);
      });
    },
  };
}

/** A single key without a name is meant whatever a token calls it. */
function ownKeys(jwks: JSONWebKeySet): JWTVerifyGetKey {
  const keys = createLocalJWKSet(jwks);
  if (jwks.keys.length > 1 || jwks.keys[0]?.kid !== undefined) return keys;
  return ({ kid: _kid, ...header }, token) => keys(header, token);
}

/** The claims of what is a token, before any of it can be believed; undefined for what is none, such as a key. */
function readClaims(token: string): JWTPayload | undefined {
  if (!form.test(token)) return undefined;
  try {
    decodeProtectedHeader(token);
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

function scopesOf({ scopes }: TokenIssuer, { scope }: JWTPayload): readonly Scope[] {
  if (scope === undefined) return scopes;
  const asked = typeof scope === 'string' ? scope.split(' ') : scope;
  if (!Array.isArray(asked)) throw unauthorized('Its claim scope is no text with scopes, and no list of them.');
  return scopes.filter((each) => asked.includes(each));
}

function explain(error: unknown): unknown {
  // What WebCrypto throws for a key that is not one for this algorithm.
  if (error instanceof DOMException) return unauthorized('Its algorithm is not one for its key.');
  if (error instanceof RefusalError || !(error instanceof errors.JOSEError)) return keysAway(error) ?? error;
  switch (error.code) {
    case 'ERR_JWT_EXPIRED':
      return unauthorized('It has expired.');
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return unauthorized(`Its claim ${(error as errors.JWTClaimValidationFailed).claim} is not as it must be.`);
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return unauthorized('It is signed with an algorithm that is not agreed with its issuer.');
    case 'ERR_JWKS_NO_MATCHING_KEY':
    case 'ERR_JWKS_MULTIPLE_MATCHING_KEYS':
      return unauthorized('Its key (kid) is none of its issuer’s.');
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return unauthorized('Its signature is not that of its issuer.');
    case 'ERR_JWKS_TIMEOUT':
    case 'ERR_JWKS_INVALID':
    case 'ERR_JOSE_GENERIC':
      return unavailable(error);
    default:
      return unauthorized('It is no signed token (JWS) as RFC 7519 has it.');
  }
}

/** What `fetch` throws where nothing answers. */
function keysAway(error: unknown): RefusalError | undefined {
  return error instanceof TypeError && error.message === 'fetch failed' ? unavailable(error) : undefined;
}

function unavailable(cause: unknown): RefusalError {
  const detail = 'The keys of the token’s issuer can’t be had at the moment. Try again.';
  return new RefusalError('token_keys_unavailable', detail, { retryAfterSeconds: 5 }, { cause });
}

function unauthorized(what: string): RefusalError {
  return new RefusalError('unauthorized', `The token is not good. ${what}`);
}
