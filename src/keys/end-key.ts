import { noSuch } from '../errors/no-such.ts';
import { refusal } from '../errors/refusal.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { partyRows } from '../parties/party-queries.ts';
import { lockClaimable } from '../workers/claim-work.ts';
import { type ApiKeyDocument, findKeys, keyRows } from './key-queries.ts';
import { keyRow, type MakeKeyCommand, type NewKey, refuseMore } from './make-key.ts';

type Keys = ReadonlyMap<string, ApiKeyDocument>;

interface OfKey {
  readonly keyId: string;
}

/** Locks the rows of the keys, and no account. */
const onLockedKeys: Pick<OperationKind<OfKey, Keys, unknown, unknown>, 'accountIds' | 'lockClaimable' | 'load'> = {
  accountIds: () => [],
  lockClaimable: (transaction, commands, mode) => lockClaimable(transaction, keyRows, idsOf(commands), mode),
  load: (transaction, commands) => findKeys(transaction, idsOf(commands)),
};

function idsOf(commands: readonly OfKey[]): string[] {
  return commands.map(({ keyId }) => keyId);
}

/** Ends a key at once. Doing it again changes nothing. */
export const revokeKey: OperationKind<OfKey, Keys, ApiKeyDocument, ApiKeyDocument> = {
  ...onLockedKeys,

  decide({ keyId }, { loaded: keys, now }) {
    const key = keys.get(keyId);
    if (key === undefined) return { refusal: noSuch('api_key', keyId) };
    if (key.revokedAt !== null) return { result: key };
    const revoked = { ...key, revokedAt: now.toISOString() };
    return { result: revoked, effect: revoked };
  },

  async write({ knex, ledgerId }, keys) {
    for (const { id, revokedAt } of keys) {
      await knex('api_keys').where({ ledger_id: ledgerId, id }).update({ revoked_at: revokedAt });
    }
  },
};

/** The new key of a rotation, and for how long the old one goes on. */
export interface RotateKeyCommand extends OfKey, Pick<MakeKeyCommand, 'id' | 'keyHash' | 'maker' | 'partyId'> {
  readonly overlapMs: number;
}

/**
 * Makes a key like another one, which goes on for a while, so that its users can change over. The new one ends when the
 * old one would have.
 */
export const rotateKey: OperationKind<
  RotateKeyCommand,
  Keys,
  NewKey & { readonly before: { readonly id: string; readonly expiresAt: Date } },
  ApiKeyDocument
> = {
  ...onLockedKeys,
  // The party's row first, as who erases it has it: then its keys are read as that left them.
  async lockClaimable(transaction, commands, mode) {
    const partyIds = commands.flatMap(({ partyId }) => partyId ?? []);
    await lockClaimable(transaction, partyRows, partyIds, mode);
    await lockClaimable(transaction, keyRows, idsOf(commands), mode);
  },

  decide({ id, keyId, keyHash, maker, overlapMs }, { loaded: keys, now }) {
    const key = keys.get(keyId);
    if (key === undefined) return { refusal: noSuch('api_key', keyId) };
    const endsAt = key.expiresAt === null ? null : new Date(key.expiresAt);
    if (key.revokedAt !== null || (endsAt !== null && endsAt <= now)) {
      return { refusal: refusal('api_key_ended', `API key ${keyId} has ended. Make another one.`) };
    }
    const refused = refuseMore({ scopes: key.scopes, expiresAt: endsAt }, maker);
    if (refused !== undefined) return { refusal: refused };
    const overlap = new Date(now.getTime() + overlapMs);
    const expiresAt = endsAt !== null && endsAt < overlap ? endsAt : overlap;
    const document = { ...key, id, createdAt: now.toISOString(), madeWith: maker.keyId, lastUsedAt: null };
    return { result: document, effect: { document, keyHash, before: { id: keyId, expiresAt } } };
  },

  async write({ knex, ledgerId }, rotated) {
    await knex('api_keys').insert(rotated.map(({ document, keyHash }) => keyRow(ledgerId, document, keyHash)));
    for (const { id, expiresAt } of rotated.map(({ before }) => before)) {
      // Of several rotations at once the shortest overlap holds.
      const ends = knex.raw('least(expires_at, ?::timestamptz)', [expiresAt.toISOString()]);
      await knex('api_keys').where({ ledger_id: ledgerId, id }).update({ expires_at: ends });
    }
  },
};
