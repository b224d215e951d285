import { LostRaceError } from '../database/ledger-transaction.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import { clearingAccountId } from '../ledger/clearing-account.ts';
import { firstStamp } from '../ledger/event-stamp.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { withdrawnCurrencies } from '../money/currencies.ts';
import { Money } from '../money/money.ts';
import type { HolderDocument } from '../ownership/holder.ts';
import { anyOneSigns, type MandateTerms } from '../ownership/mandate.ts';
import { findJoiningPartyIds } from '../parties/party-queries.ts';
import { writeAccountMetadata } from './account-metadata.ts';
import { type AccountDocument, findAccountsByExternalId, type Survivorship } from './account-queries.ts';
import { nextPeriodEnd, type StatementInterval, writeSchedules } from './statement-schedule.ts';

export interface OpenAccountCommand {
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly currency: string;
  readonly ownership: 'sole' | 'joint';
  /** The same as it was asked for; without it, either. An account that is found must have it, and the currency. */
  readonly askedOwnership?: 'sole' | 'joint' | null;
  readonly overdraftLimit: Money;
  readonly holders: readonly HolderDocument[];
  /** Null: any one holder signs. */
  readonly mandate: MandateTerms | null;
  readonly timeZone: string;
  readonly survivorship: Survivorship;
  /** None by default. */
  readonly statements?: StatementInterval;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
  /** What to do when the external id is in use: answer the account that has it, or refuse. */
  readonly whenTaken: 'answerExisting' | 'refuse';
}

export interface OpenAccountResult {
  readonly account: AccountDocument;
  readonly created: boolean;
}

interface NewAccount {
  readonly account: AccountDocument;
  readonly holders: readonly HolderDocument[];
  readonly mandate: MandateTerms | null;
}

interface Known {
  readonly accounts: ReadonlyMap<string, AccountDocument>;
  readonly partyIds: ReadonlySet<string>;
}

/**
 * Opens an account, or finds the one that has the external id. There is no row to lock yet: the unique key on the
 * external id decides between callers that arrive together, and the loser reads again. The first account in a
 * currency brings the ledger's clearing account in that currency into being.
 */
export const openAccount: OperationKind<OpenAccountCommand, Known, NewAccount, OpenAccountResult> = {
  accountIds: () => [],

  async load(transaction, commands) {
    const externalIds = commands.flatMap((command) => command.externalId ?? []);
    const partyIds = commands.flatMap((command) => command.holders.map((holder) => holder.partyId));
    return {
      accounts: await findAccountsByExternalId(transaction, externalIds),
      partyIds: await findJoiningPartyIds(transaction, partyIds),
    };
  },

  decide(command, { loaded, now }) {
    const existing = command.externalId === null ? undefined : loaded.accounts.get(command.externalId);
    if (existing !== undefined && command.whenTaken === 'answerExisting') {
      const other = refuseOther(existing, command);
      return other === undefined ? { result: { account: existing, created: false } } : { refusal: other };
    }
    const withdrawn = refuseWithdrawn(command.currency);
    if (withdrawn !== undefined) return { refusal: withdrawn };
    if (existing !== undefined) {
      const detail = `The external id ${command.externalId} belongs to account ${existing.id}.`;
      return { refusal: refusal('external_id_taken', detail, { accountId: existing.id }) };
    }
    const stranger = command.holders.find((holder) => !loaded.partyIds.has(holder.partyId));
    if (stranger !== undefined) {
      return { refusal: refusal('party_not_found', `There is no party ${stranger.partyId} in this ledger (holders).`) };
    }
    const zero = Money.zero(command.currency).toString();
    const overdraftLimit = command.overdraftLimit.toString();
    const account: AccountDocument = {
      id: command.id,
      name: command.name,
      externalId: command.externalId,
      currency: command.currency,
      ownership: command.ownership,
      status: 'active',
      balance: zero,
      held: zero,
      available: overdraftLimit,
      overdraftLimit,
      version: 0,
      revision: 0,
      holders: [...command.holders].sort((a, b) => (a.partyId < b.partyId ? -1 : 1)),
      mandate: command.mandate === null ? anyOneSigns : { version: 1, ...command.mandate },
      debitsStopped: false,
      creditsStopped: false,
      timeZone: command.timeZone,
      survivorship: command.survivorship,
      statements: command.statements ?? 'none',
      metadata: command.metadata ?? null,
      createdAt: now.toISOString(),
      closedAt: null,
    };
    const { holders, mandate } = command;
    const events = [{ type: 'account.opened' as const, accountId: account.id, subjectId: account.id, data: account }];
    return { result: { account, created: true }, events, effect: { account, holders, mandate } };
  },

  async write(transaction, opened) {
    const { knex, ledgerId } = transaction;
    const accounts = opened.map(({ account }) => account);
    const currencies = [...new Set(accounts.map((account) => account.currency))].sort();
    await knex('accounts')
      .insert(currencies.map((currency) => clearingRow(ledgerId, currency, accounts[0]!.createdAt)))
      .onConflict()
      .ignore();

    const rows = accounts.map((account) => accountRow(ledgerId, account));
    const inserted = await knex('accounts')
      .insert(rows)
      .onConflict(['ledger_id', 'external_id'])
      .ignore()
      .returning('id');
    if (inserted.length < rows.length) throw new LostRaceError('the external id of an account was taken meanwhile');

    const holders = opened.flatMap((account) => account.holders.map((holder) => holderRow(ledgerId, account, holder)));
    if (holders.length > 0) await knex('holders').insert(holders);
    const mandates = opened.flatMap(({ account, mandate }) =>
      mandate === null ? [] : mandateRow(ledgerId, account, mandate),
    );
    if (mandates.length > 0) await knex('mandates').insert(mandates);
    await writeAccountMetadata(transaction, accounts);
    const schedules = accounts.map(({ id, statements, createdAt, timeZone }) => ({
      accountId: id,
      nextAt: nextPeriodEnd(statements, new Date(createdAt), timeZone),
    }));
    await writeSchedules(
      transaction,
      schedules.filter(({ nextAt }) => nextAt !== null),
    );
  },
};

/** Refuses an account with the external id that is another one than was asked for. */
export function refuseOther(
  { id, externalId, currency, ownership }: AccountDocument,
  asked: Pick<OpenAccountCommand, 'currency' | 'askedOwnership'>,
): Refusal | undefined {
  const differs = [
    ...(currency === asked.currency ? [] : ['currency']),
    ...((asked.askedOwnership ?? ownership) === ownership ? [] : ['ownership']),
  ];
  if (differs.length === 0) return undefined;
  const detail = `Account ${id} has the external id ${externalId}, and is ${ownership} in ${currency}.`;
  return refusal('external_id_differs', detail, { accountId: id, currency, ownership, differs });
}

/** Decided where an account would be opened: one that was opened in time is still found by its external id. */
function refuseWithdrawn(currency: string): Refusal | undefined {
  const withdrawn = withdrawnCurrencies.get(currency);
  if (withdrawn === undefined) return undefined;
  const { since, replacedBy } = withdrawn;
  const message = `must be a currency in use: ${currency} was withdrawn in ${since}, replaced by ${replacedBy}`;
  return invalidInput([{ path: 'currency', message }]).refusal;
}

function clearingRow(ledgerId: string, currency: string, createdAt: string) {
  return {
    ledger_id: ledgerId,
    id: clearingAccountId(ledgerId, currency),
    name: `Clearing ${currency}`,
    currency,
    ownership: 'clearing',
    created_at: createdAt,
  };
}

function accountRow(ledgerId: string, account: AccountDocument) {
  return {
    ledger_id: ledgerId,
    id: account.id,
    external_id: account.externalId,
    name: account.name,
    currency: account.currency,
    ownership: account.ownership,
    balance: account.balance,
    held: account.held,
    overdraft_limit: account.overdraftLimit,
    version: account.version,
    // That it was opened.
    event_count: 1,
    last_event_stamp: firstStamp(new Date(account.createdAt), []),
    time_zone: account.timeZone,
    survivorship: account.survivorship,
    statements: account.statements,
    created_at: account.createdAt,
  };
}

function holderRow(ledgerId: string, { account }: NewAccount, { partyId, rights, limits }: HolderDocument) {
  return {
    ledger_id: ledgerId,
    account_id: account.id,
    party_id: partyId,
    rights,
    limit_per_movement: limits.perMovement,
    limit_per_day: limits.perDay,
    limit_per_month: limits.perMonth,
    created_at: account.createdAt,
    joined_at: account.createdAt,
  };
}

function mandateRow(ledgerId: string, { id, createdAt }: AccountDocument, terms: MandateTerms) {
  return {
    ledger_id: ledgerId,
    account_id: id,
    version: 1,
    terms: JSON.stringify(terms),
    created_at: createdAt,
  };
}
