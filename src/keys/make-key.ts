import { noSuch } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { Caller } from '../http/caller.ts';
import type { Scope } from '../ledger/key-scopes.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { findParties, type PartyDocument, partyRows } from '../parties/party-queries.ts';
import { lockClaimable } from '../workers/claim-work.ts';
import type { ApiKeyDocument } from './key-queries.ts';

/** What a key is to be, and the hash of the secret that was made for it. */
export interface MakeKeyCommand {
  readonly id: string;
  readonly name: string;
  readonly partyId: string | null;
  readonly scopes: readonly Scope[];
  /** Null: never. Undefined: when the key of the request does. */
  readonly expiresAt: Date | null | undefined;
  readonly keyHash: Buffer;
  /** The key of the request. */
  readonly maker: Pick<Caller, 'keyId' | 'scopes' | 'expiresAt'>;
}

/** A key to be written. */
export interface NewKey {
  readonly document: ApiKeyDocument;
  readonly keyHash: Buffer;
}

/**
 * Makes an API key. What is answered, and kept with the idempotency key, has nothing secret in it. The row of its party
 * is locked, so that none is made for one that is being erased.
 */
export const makeKey: OperationKind<MakeKeyCommand, ReadonlyMap<string, PartyDocument>, NewKey, ApiKeyDocument> = {
  accountIds: () => [],
  lockClaimable: (transaction, commands, mode) => lockClaimable(transaction, partyRows, partiesOf(commands), mode),
  load: (transaction, commands) => findParties(transaction, partiesOf(commands)),

  decide({ id, name, partyId, scopes, keyHash, maker, ...asked }, { loaded: parties, now }) {
    const { expiresAt = maker.expiresAt } = asked;
    const refused = refuseMore({ scopes, expiresAt }, maker) ?? refuseParty(parties, partyId);
    if (refused !== undefined) return { refusal: refused };
    const ends = { expiresAt: expiresAt?.toISOString() ?? null, revokedAt: null, lastUsedAt: null };
    const about = { id, name, partyId, scopes: [...scopes], createdAt: now.toISOString(), madeWith: maker.keyId };
    const document = { ...about, ...ends };
    return { result: document, effect: { document, keyHash } };
  },

  async write({ knex, ledgerId }, keys) {
    await knex('api_keys').insert(keys.map(({ document, keyHash }) => keyRow(ledgerId, document, keyHash)));
  },
};

/** Nobody gives what it lacks: no scope, and no time. */
export function refuseMore(
  { scopes, expiresAt }: { readonly scopes: readonly Scope[]; readonly expiresAt: Date | null },
  maker: MakeKeyCommand['maker'],
): Refusal | undefined {
  const lacking = scopes.find((scope) => !maker.scopes.includes(scope));
  if (lacking !== undefined) {
    const detail = `A key gives only what it has itself, and this one has not the scope ${lacking}.`;
    return refusal('scope_missing', detail, { scope: lacking });
  }
  if (maker.expiresAt === null || (expiresAt !== null && expiresAt <= maker.expiresAt)) return;
  const ends = maker.expiresAt.toISOString();
  const detail = `A key gives only what it has itself, and this one ends at ${ends}.`;
  return refusal('expiry_exceeded', detail, { expiresAt: ends });
}

export function keyRow(ledgerId: string, document: ApiKeyDocument, keyHash: Buffer) {
  return {
    ledger_id: ledgerId,
    id: document.id,
    name: document.name,
    key_hash: keyHash,
    party_id: document.partyId,
    scopes: document.scopes,
    expires_at: document.expiresAt,
    made_with: document.madeWith,
    created_at: document.createdAt,
  };
}

function refuseParty(parties: ReadonlyMap<string, PartyDocument>, partyId: string | null): Refusal | undefined {
  if (partyId === null) return;
  const party = parties.get(partyId);
  return party === undefined || party.erasedAt !== null ? noSuch('party', partyId) : undefined;
}

function partiesOf(commands: readonly MakeKeyCommand[]): string[] {
  return commands.flatMap(({ partyId }) => partyId ?? []);
}
