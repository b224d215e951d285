import { LostRaceError } from '../database/ledger-transaction.ts';
import { sqlState, sqlStateOf } from '../database/sqlstate.ts';
import { noSuch } from '../errors/no-such.ts';
import { refusal } from '../errors/refusal.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { lockClaimable } from '../workers/claim-work.ts';
import {
  findHeldAccounts,
  findParties,
  findPartiesByExternalId,
  type PartyDocument,
  partyRows,
} from './party-queries.ts';

/** What is undefined stays as it is. */
export interface UpdatePartyCommand {
  readonly partyId: string;
  readonly name: string | undefined;
  readonly externalId: string | null | undefined;
  readonly metadata: Readonly<Record<string, unknown>> | null | undefined;
}

interface UpdateFacts {
  readonly parties: ReadonlyMap<string, PartyDocument>;
  readonly byExternalId: ReadonlyMap<string, PartyDocument>;
}

/** Changes what is known of a party. Locks its row, and no account. */
export const updateParty: OperationKind<UpdatePartyCommand, UpdateFacts, PartyDocument, PartyDocument> = {
  accountIds: () => [],
  lockClaimable: (transaction, commands, mode) => lockClaimable(transaction, partyRows, idsOf(commands), mode),
  async load(transaction, commands) {
    const externalIds = commands.flatMap((command) => command.externalId ?? []);
    return {
      parties: await findParties(transaction, idsOf(commands)),
      byExternalId: await findPartiesByExternalId(transaction, externalIds),
    };
  },
  decide({ partyId, name, externalId, metadata }, { loaded }) {
    const before = loaded.parties.get(partyId);
    if (before === undefined || before.erasedAt !== null) return { refusal: noSuch('party', partyId) };
    const other = externalId ? loaded.byExternalId.get(externalId) : undefined;
    if (other !== undefined && other.id !== partyId) {
      const detail = `The external id ${externalId} belongs to party ${other.id}.`;
      return { refusal: refusal('external_id_taken', detail, { partyId: other.id }) };
    }
    const party: PartyDocument = {
      ...before,
      name: name ?? before.name,
      externalId: externalId === undefined ? before.externalId : externalId,
      metadata: metadata === undefined ? before.metadata : metadata,
    };
    const events = [{ type: 'party.updated' as const, accountId: null, subjectId: partyId, data: { id: partyId } }];
    return { result: party, events, effect: party };
  },
  async write({ knex, ledgerId }, parties) {
    for (const { id, name, externalId, metadata } of parties) {
      const changed = { name, external_id: externalId, metadata: metadata === null ? null : JSON.stringify(metadata) };
      try {
        await knex('parties').where({ ledger_id: ledgerId, id }).update(changed);
      } catch (error) {
        if (sqlStateOf(error) !== sqlState.uniqueViolation) throw error;
        throw new LostRaceError('the external id of a party was taken meanwhile');
      }
    }
  },
};

export interface ErasePartyCommand {
  readonly partyId: string;
}

interface ErasureFacts {
  readonly parties: ReadonlyMap<string, PartyDocument>;
  /** The accounts that each of them holds, or is invited to. */
  readonly held: ReadonlyMap<string, readonly string[]>;
}

/** The name of a party of which nothing is known any more. */
export const erasedName = 'Erased party';

/**
 * Forgets who a party is: name, external id, metadata and API keys go, the books keep its id. Refuses a party that
 * holds an account or is invited to one. What makes it a holder locks its row before that is decided
 * (`findJoiningPartyIds`), so that one of the two finds what the other did.
 */
export const eraseParty: OperationKind<ErasePartyCommand, ErasureFacts, PartyDocument, PartyDocument> = {
  accountIds: () => [],
  lockClaimable: (transaction, commands, mode) => lockClaimable(transaction, partyRows, idsOf(commands), mode),
  load: async (transaction, commands) => ({
    parties: await findParties(transaction, idsOf(commands)),
    held: await findHeldAccounts(transaction, idsOf(commands)),
  }),
  decide({ partyId }, { loaded, now }) {
    const before = loaded.parties.get(partyId);
    if (before === undefined) return { refusal: noSuch('party', partyId) };
    // Saying it again is no error.
    if (before.erasedAt !== null) return { result: before };
    const accountIds = loaded.held.get(partyId) ?? [];
    if (accountIds.length > 0) {
      const detail = `Party ${partyId} holds accounts, or is invited to some: ${accountIds.join(', ')}.`;
      return { refusal: refusal('party_holds_accounts', detail, { partyId, accountIds }) };
    }
    const nothing = { name: erasedName, externalId: null, metadata: null };
    const party: PartyDocument = { ...before, ...nothing, erasedAt: now.toISOString() };
    const events = [{ type: 'party.erased' as const, accountId: null, subjectId: partyId, data: { id: partyId } }];
    return { result: party, events, effect: party };
  },
  async write({ knex, ledgerId }, parties) {
    for (const { id, name, erasedAt } of parties) {
      const changed = { name, external_id: null, metadata: null, erased_at: erasedAt };
      await knex('parties').where({ ledger_id: ledgerId, id }).update(changed);
      await knex('api_keys')
        .where({ ledger_id: ledgerId, party_id: id })
        .whereNull('revoked_at')
        .update({ revoked_at: erasedAt });
    }
  },
};

function idsOf(commands: readonly { readonly partyId: string }[]): string[] {
  return commands.map(({ partyId }) => partyId);
}
