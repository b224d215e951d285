import { noSuch } from '../errors/no-such.ts';
import { refusal } from '../errors/refusal.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { refuseClearingAccount, refuseClosed } from '../ledger/refuse-account.ts';
import { type AccountDocument, findAccountsById, withState } from './account-queries.ts';

export interface CloseAccountCommand {
  readonly accountId: string;
}

type AccountsById = ReadonlyMap<string, AccountDocument>;

/** Closes an account that has nothing on it. A closed account stays readable and never moves again. */
export const closeAccount: OperationKind<CloseAccountCommand, AccountsById, never, AccountDocument> = {
  accountIds: (command) => [command.accountId],
  ownedAccountIds: (command) => [command.accountId],

  load: (transaction, commands) =>
    findAccountsById(
      transaction,
      commands.map((command) => command.accountId),
    ),

  decide({ accountId }, { accounts, loaded, now }) {
    const account = accounts.get(accountId);
    const document = loaded.get(accountId);
    if (account === undefined || document === undefined) return { refusal: noSuch('account', accountId) };
    const refused = refuseClearingAccount(account) ?? refuseClosed(account);
    if (refused !== undefined) return { refusal: refused };
    if (!account.balance.isZero() || !account.held.isZero()) {
      const { balance, held, currency } = account;
      const detail = `Account ${accountId} still has ${balance} ${currency} booked and ${held} held.`;
      const facts = { accountId, currency, balance: balance.toString(), held: held.toString() };
      return { refusal: refusal('balance_not_zero', detail, facts) };
    }
    const changed: LockedAccount = { ...account, status: 'closed', closedAt: now, revision: account.revision + 1 };
    const result = withState(document, changed);
    return {
      result,
      changedAccounts: [changed],
      events: [{ type: 'account.closed', accountId, subjectId: accountId, data: result }],
    };
  },
};
