import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { noSuch } from '../errors/no-such.ts';
import type { Refusal } from '../errors/refusal.ts';
import type { Authentication } from '../ledger/authentication.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { LockedAccounts } from '../ledger/operation.ts';
import { refuseClearingAccount } from '../ledger/refuse-account.ts';
import { refuseNamed } from '../ownership/authorise.ts';
import { findMandates, type MandateVersions } from '../ownership/find-mandates.ts';
import { loadOwnership, type Ownership, type OwnershipByAccount } from '../ownership/load-ownership.ts';
import { findJoiningPartyIds } from '../parties/party-queries.ts';
import type { PaymentOrder } from '../payment-orders/payment-order.ts';
import { findWaitingOrders } from '../payment-orders/payment-order-queries.ts';
import { type AuthorisationsBySubject, findAuthorisations } from '../signatures/authorisations.ts';
import type { AccountChange } from './account-change.ts';
import {
  countWaitingChanges,
  findChanges,
  findHolderRecords,
  findRestrictions,
  type HolderRecord,
  type Restriction,
} from './management-queries.ts';

/** What every act on who holds an account, and on what they agreed, says. */
export interface ManagementCommand {
  readonly accountId: string;
  /** Who acts; null for the calling service. */
  readonly by: string | null;
  readonly authentication: Authentication;
  /** The parties, restrictions and changes that it is about. */
  readonly names: { readonly partyIds: readonly string[]; readonly restrictionId?: string; readonly changeId?: string };
}

/** All that decides about such acts, read for a whole group after the account rows were locked. */
export interface ManagementFacts {
  readonly partyIds: ReadonlySet<string>;
  readonly ownership: OwnershipByAccount;
  readonly holders: readonly HolderRecord[];
  /** Those that the commands name, and those that stop these accounts. */
  readonly restrictions: ReadonlyMap<string, Restriction>;
  readonly changes: ReadonlyMap<string, AccountChange>;
  /** How many changes wait for signatures on each of these accounts. */
  readonly waitingChanges: ReadonlyMap<string, number>;
  /** The payment orders that wait on these accounts. */
  readonly orders: readonly PaymentOrder[];
  /** The authorisations of these changes and orders. */
  readonly authorisations: AuthorisationsBySubject;
  readonly mandates: MandateVersions;
}

export async function loadManagement(
  transaction: LedgerTransaction,
  commands: readonly ManagementCommand[],
): Promise<ManagementFacts> {
  const accountIds = commands.map((command) => command.accountId);
  const changeIds = commands.flatMap(({ names }) => names.changeId ?? []);
  const [changes, waitingChanges, orders, ownership, holders] = await Promise.all([
    findChanges(transaction, changeIds),
    countWaitingChanges(transaction, accountIds),
    findWaitingOrders(transaction, accountIds),
    loadOwnership(transaction, accountIds, []),
    findHolderRecords(transaction, accountIds),
  ]);
  const lifted = [...changes.values()].flatMap(({ terms }) =>
    terms.kind === 'restriction_lift' ? terms.restrictionId : [],
  );
  const invited = [...changes.values()].flatMap(({ terms }) =>
    terms.kind === 'holder_invitation' ? terms.holder.partyId : [],
  );
  const [partyIds, restrictions, authorisations, mandates] = await Promise.all([
    findJoiningPartyIds(transaction, [
      ...invited,
      ...commands.flatMap(({ by, names }) => [...names.partyIds, ...(by === null ? [] : [by])]),
    ]),
    findRestrictions(transaction, accountIds, [
      ...lifted,
      ...commands.flatMap(({ names }) => names.restrictionId ?? []),
    ]),
    findAuthorisations(transaction, [...changeIds, ...orders.map((order) => order.id)]),
    findMandates(transaction, orders),
  ]);
  return { partyIds, ownership, holders, restrictions, changes, waitingChanges, orders, authorisations, mandates };
}

/** An account that such an act may be about, with what is known of who holds it; or why not. */
export function managedAccount(
  { accountId, by, authentication, names }: ManagementCommand,
  accounts: LockedAccounts,
  facts: ManagementFacts,
): { account: LockedAccount; ownership: Ownership } | { refusal: Refusal } {
  const account = accounts.get(accountId);
  const ownership = facts.ownership.get(accountId);
  if (account === undefined || ownership === undefined) return { refusal: noSuch('account', accountId) };
  const stranger = [...(by === null ? [] : [by]), ...names.partyIds].find((partyId) => !facts.partyIds.has(partyId));
  if (stranger !== undefined) {
    return { refusal: noSuch('party', stranger) };
  }
  const refused =
    refuseClearingAccount(account) ?? (by === null ? undefined : refuseNamed(accountId, ownership, authentication));
  return refused === undefined ? { account, ownership } : { refusal: refused };
}

export function holderOf(facts: ManagementFacts, accountId: string, partyId: string): HolderRecord | undefined {
  return facts.holders.find((holder) => holder.accountId === accountId && holder.partyId === partyId);
}
