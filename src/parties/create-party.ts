import { LostRaceError } from '../database/ledger-transaction.ts';
import { refusal } from '../errors/refusal.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { findPartiesByExternalId, type PartyDocument } from './party-queries.ts';

export interface CreatePartyCommand {
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** What to do when the external id is in use: answer the party that has it, or refuse. */
  readonly whenTaken: 'answerExisting' | 'refuse';
}

export interface CreatePartyResult {
  readonly party: PartyDocument;
  readonly created: boolean;
}

type PartiesByExternalId = ReadonlyMap<string, PartyDocument>;

/**
 * Creates a party, or finds the one that has the external id. There is no row to lock yet: the unique key on the
 * external id decides between callers that arrive together, and the loser reads again.
 */
export const createParty: OperationKind<CreatePartyCommand, PartiesByExternalId, PartyDocument, CreatePartyResult> = {
  accountIds: () => [],

  load: (transaction, commands) =>
    findPartiesByExternalId(
      transaction,
      commands.flatMap((command) => command.externalId ?? []),
    ),

  decide(command, { loaded, now }) {
    const existing = command.externalId === null ? undefined : loaded.get(command.externalId);
    if (existing !== undefined && command.whenTaken === 'answerExisting') {
      return { result: { party: existing, created: false } };
    }
    if (existing !== undefined) {
      const detail = `The external id ${command.externalId} belongs to party ${existing.id}.`;
      return { refusal: refusal('external_id_taken', detail, { partyId: existing.id }) };
    }
    const { id, name, externalId, metadata } = command;
    const party = { id, name, externalId, metadata, createdAt: now.toISOString(), erasedAt: null };
    // What it is called is read from the party: the log can't be erased.
    const events = [{ type: 'party.created' as const, accountId: null, subjectId: id, data: { id } }];
    return { result: { party, created: true }, events, effect: party };
  },

  async write({ knex, ledgerId }, parties) {
    const rows = parties.map((party) => ({
      ledger_id: ledgerId,
      id: party.id,
      name: party.name,
      external_id: party.externalId,
      metadata: party.metadata === null ? null : JSON.stringify(party.metadata),
      created_at: party.createdAt,
    }));
    const inserted = await knex('parties')
      .insert(rows)
      .onConflict(['ledger_id', 'external_id'])
      .ignore()
      .returning('id');
    if (inserted.length < rows.length) throw new LostRaceError('the external id of a party was taken meanwhile');
  },
};
