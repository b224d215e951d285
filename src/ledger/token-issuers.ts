import type { JSONWebKeySet } from 'jose';
import type { Knex } from 'knex';
import type { LedgerSource } from '../database/ledger-transaction.ts';
import type { Scope } from './key-scopes.ts';
import { machineClock } from './trusted-clock.ts';

/**
 * What tokens may be signed with: asymmetric keys alone (RFC 8725, section 3.2). With a shared secret, or with what an
 * issuer publishes taken for one, anybody could sign.
 */
export const tokenAlgorithms = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'] as const;

export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/** Whose tokens a ledger takes, and how they are checked. */
export interface TokenIssuer {
  /** As the claim `iss` has it. */
  readonly issuer: string;
  /** Its keys, or where it publishes them. */
  readonly keys: { readonly jwks: JSONWebKeySet } | { readonly jwksUrl: string };
  readonly algorithms: readonly TokenAlgorithm[];
  /** By how much clocks may differ. */
  readonly leewaySeconds: number;
  /** What its tokens are for at most. */
  readonly scopes: readonly Scope[];
}

interface IssuerRow {
  issuer: string;
  jwks: JSONWebKeySet | null;
  jwks_url: string | null;
  algorithms: TokenAlgorithm[];
  leeway_seconds: number;
  scopes: Scope[];
}

/** The audience of tokens for a ledger (`aud`), so that none for another service, or another ledger, is one for it. */
export function audienceOf(ledgerId: string): string {
  return `joint-ledger:${ledgerId}`;
}

export async function findTokenIssuer(
  { knex, ledgerId }: LedgerSource,
  issuer: string,
): Promise<TokenIssuer | undefined> {
  const [row] = await knex('token_issuers').where({ ledger_id: ledgerId, issuer }).select<IssuerRow[]>('*');
  return row === undefined ? undefined : asIssuer(row);
}

export async function listTokenIssuers({ knex, ledgerId }: LedgerSource): Promise<TokenIssuer[]> {
  const rows = await knex('token_issuers').where('ledger_id', ledgerId).orderBy('issuer').select<IssuerRow[]>('*');
  return rows.map(asIssuer);
}

/** Takes tokens of this issuer from now on, in the place of what was said of it before. */
export async function putTokenIssuer(knex: Knex, ledgerId: string, issuer: TokenIssuer): Promise<void> {
  const { keys } = issuer;
  const row = {
    jwks: 'jwks' in keys ? JSON.stringify(keys.jwks) : null,
    jwks_url: 'jwksUrl' in keys ? keys.jwksUrl : null,
    algorithms: [...issuer.algorithms],
    leeway_seconds: issuer.leewaySeconds,
    scopes: [...issuer.scopes],
  };
  await knex('token_issuers')
    .insert({ ledger_id: ledgerId, issuer: issuer.issuer, ...row, created_at: new Date(machineClock.now()) })
    .onConflict(['ledger_id', 'issuer'])
    .merge(row);
}

function asIssuer(row: IssuerRow): TokenIssuer {
  return {
    issuer: row.issuer,
    keys: row.jwks === null ? { jwksUrl: row.jwks_url! } : { jwks: row.jwks },
    algorithms: row.algorithms,
    leewaySeconds: row.leeway_seconds,
    scopes: row.scopes,
  };
}
