import { noSuch } from '../errors/no-such.ts';
import { refusal } from '../errors/refusal.ts';
import { availableBalance } from '../ledger/locked-account.ts';
import type { OperationKind } from '../ledger/operation.ts';
import { refuseClearingAccount, refuseClosed } from '../ledger/refuse-account.ts';
import type { Money } from '../money/money.ts';
import { removeAccountMetadata, writeAccountMetadata } from './account-metadata.ts';
import { type AccountDocument, findAccountsById, type Survivorship, withState } from './account-queries.ts';
import {
  lockSchedules,
  nextPeriodEnd,
  type StatementInterval,
  type StatementSchedule,
  writeSchedules,
} from './statement-schedule.ts';

/** What the calling service may change about an account; what is undefined stays as it is. */
export interface UpdateAccountCommand {
  readonly accountId: string;
  readonly name: string | undefined;
  readonly overdraftLimit: Money | undefined;
  readonly timeZone: string | undefined;
  readonly survivorship: Survivorship | undefined;
  readonly statements: StatementInterval | undefined;
  readonly metadata: AccountDocument['metadata'] | undefined;
}

interface ChangedAccount {
  readonly account: AccountDocument;
  readonly hasNewMetadata: boolean;
  /** Undefined where it stays as it is. */
  readonly schedule: StatementSchedule | undefined;
}

/** Changes the terms of an account. The overdraft limit never goes below what is used. */
export const updateAccount: OperationKind<
  UpdateAccountCommand,
  ReadonlyMap<string, AccountDocument>,
  ChangedAccount,
  AccountDocument
> = {
  accountIds: (command) => [command.accountId],
  ownedAccountIds: (command) => [command.accountId],

  async lockClaimable(transaction, commands, mode) {
    const changing = commands.filter(({ statements, timeZone }) => statements !== undefined || timeZone !== undefined);
    const accountIds = changing.map(({ accountId }) => accountId);
    if (accountIds.length > 0) await lockSchedules(transaction, accountIds, mode);
  },

  load: (transaction, commands) =>
    findAccountsById(
      transaction,
      commands.map((command) => command.accountId),
    ),

  decide(command, { accounts, loaded, now }) {
    const { accountId, name, overdraftLimit, timeZone, survivorship, statements, metadata } = command;
    const account = accounts.get(accountId);
    const document = loaded.get(accountId);
    if (account === undefined || document === undefined) return { refusal: noSuch('account', accountId) };
    const refused = refuseClearingAccount(account) ?? refuseClosed(account);
    if (refused !== undefined) return { refusal: refused };
    const limit = overdraftLimit ?? account.overdraftLimit;
    const changed = { ...account, overdraftLimit: limit, revision: account.revision + 1 };
    if (availableBalance(changed).isNegative()) {
      const used = account.held.minus(account.balance);
      const use = `uses ${used} ${account.currency} of its overdraft`;
      const detail = `Account ${accountId} ${use}, ${limit} would be the limit.`;
      return { refusal: refusal('overdraft_in_use', detail, { used: used.toString() }) };
    }
    const result: AccountDocument = {
      ...withState(document, changed),
      name: name ?? document.name,
      overdraftLimit: limit.toString(),
      timeZone: timeZone ?? document.timeZone,
      survivorship: survivorship ?? document.survivorship,
      statements: statements ?? document.statements,
      metadata: metadata === undefined ? document.metadata : metadata,
    };
    return {
      result,
      changedAccounts: [changed],
      events: [{ type: 'account.updated', accountId, subjectId: accountId, data: result }],
      effect: { account: result, hasNewMetadata: metadata !== undefined, schedule: newSchedule(document, result, now) },
    };
  },

  /** What is held is written together with the limit: the row is checked now, and holds may just have expired. */
  async write(transaction, changed) {
    const { knex, ledgerId } = transaction;
    const accounts = changed.map(({ account }) => account);
    await knex.raw(
      `update accounts a
       set name = c.name, overdraft_limit = c.overdraft_limit, held = c.held, time_zone = c.time_zone,
           survivorship = c.survivorship, statements = c.statements
       from unnest(:ids::uuid[], :names::text[], :limits::numeric[], :held::numeric[], :zones::text[],
                   :survivorships::text[], :statements::text[])
            as c (id, name, overdraft_limit, held, time_zone, survivorship, statements)
       where a.ledger_id = :ledgerId and a.id = c.id`,
      {
        ledgerId,
        ids: accounts.map((account) => account.id),
        names: accounts.map((account) => account.name),
        limits: accounts.map((account) => account.overdraftLimit),
        held: accounts.map((account) => account.held),
        zones: accounts.map((account) => account.timeZone),
        survivorships: accounts.map((account) => account.survivorship),
        statements: accounts.map((account) => account.statements),
      },
    );
    const anew = changed.filter(({ hasNewMetadata }) => hasNewMetadata).map(({ account }) => account);
    await writeAccountMetadata({ knex, ledgerId }, anew);
    const without = anew.filter(({ metadata }) => metadata === null).map(({ id }) => id);
    await removeAccountMetadata({ knex, ledgerId }, without);
    await writeSchedules(
      transaction,
      changed.flatMap(({ schedule }) => schedule ?? []),
    );
  },
};

/** What is due by another interval, or in another time zone, ends with the first of its periods from now on. */
function newSchedule(before: AccountDocument, after: AccountDocument, now: Date): StatementSchedule | undefined {
  const { id: accountId, statements, timeZone } = after;
  if (statements === before.statements && timeZone === before.timeZone) return undefined;
  return { accountId, nextAt: nextPeriodEnd(statements, now, timeZone) };
}
