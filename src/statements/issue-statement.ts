import { nextPeriodEnd, type StatementSchedule, writeSchedules } from '../accounts/statement-schedule.ts';
import { dayAfter, startOfDay } from '../accounts/time-zone.ts';
import type { LedgerSource, LedgerTransaction } from '../database/ledger-transaction.ts';
import { invalidInput } from '../errors/invalid-input.ts';
import { noSuch } from '../errors/no-such.ts';
import { type Refusal, refusal } from '../errors/refusal.ts';
import type { LedgerEvent } from '../ledger/ledger-event.ts';
import type { LockedAccount } from '../ledger/locked-account.ts';
import type { DecisionState, OperationKind } from '../ledger/operation.ts';
import { refuseClearingAccount } from '../ledger/refuse-account.ts';
import { refuseAheadOfClock } from '../movements/book-legs.ts';
import { type Counted, countEntries, countMore, none } from './count-entries.ts';
import { type Beginning, type End, findBeginnings, findEnds } from './find-cut.ts';
import { sealStatement } from './seal-statement.ts';
import type { Statement } from './statement.ts';
import { insertStatements } from './statement-queries.ts';
import type { Tally } from './tally.ts';

/** The last day of a period, in the account's time zone; or its end, exclusive. */
export type PeriodEnd = string | Date;

export interface IssueStatementCommand {
  readonly accountId: string;
  /** The id that the statement will have. */
  readonly id: string;
  readonly through: PeriodEnd;
  /** What was counted before the account was locked (`countAhead`), so that little is left to be counted. */
  readonly counted: Counted | undefined;
}

interface Cut {
  readonly beginning: Beginning;
  readonly periodTo: Date;
  readonly end: End;
  readonly tally: Tally;
}

type Cuts = ReadonlyMap<string, Cut>;

/**
 * Issues the next statement of an account, up to the end of a day. Which entries are before that is settled while the
 * account is locked, and stays so: no later booking is dated before the end (docs/adr/0034).
 */
export const issueStatement: OperationKind<IssueStatementCommand, Cuts, Statement, Statement> = {
  accountIds: ({ accountId }) => [accountId],
  ownedAccountIds: ({ accountId }) => [accountId],
  load: loadCuts,
  decide(command, state) {
    const issued = decideStatement(command, state);
    return 'refusal' in issued ? issued : { ...issued, result: issued.statement, effect: issued.statement };
  },
  write: insertStatements,
};

interface ScheduledStatement {
  readonly statement: Statement | undefined;
  readonly schedule: StatementSchedule;
}

/**
 * The same for a worker that has claimed the schedule of the account: moves that on to the end of the next period, also
 * where a caller has issued a statement beyond this one already. A closed account gets its last one for the period in
 * which it was closed.
 */
export const issueScheduled: OperationKind<
  IssueStatementCommand & { readonly through: Date },
  Cuts,
  ScheduledStatement,
  null
> = {
  accountIds: issueStatement.accountIds,
  load: loadCuts,
  decide(command, state) {
    const { accountId, through } = command;
    const issued = decideStatement(command, state);
    if ('refusal' in issued && issued.refusal.code !== 'statement_covered') return issued;
    const { interval, timeZone } = state.loaded.get(accountId)!.beginning;
    const { closedAt } = state.accounts.get(accountId)!;
    const isOver = closedAt !== null && closedAt < through;
    const schedule = { accountId, nextAt: isOver ? null : nextPeriodEnd(interval, through, timeZone) };
    if ('refusal' in issued) return { result: null, effect: { statement: undefined, schedule } };
    return { ...issued, result: null, effect: { statement: issued.statement, schedule } };
  },
  async write(transaction, effects) {
    await insertStatements(
      transaction,
      effects.flatMap(({ statement }) => statement ?? []),
    );
    await writeSchedules(
      transaction,
      effects.map(({ schedule }) => schedule),
    );
  },
};

/**
 * Counts what the next statement up to this end would have, as far as it is booked, without a lock. Undefined where
 * there is nothing to count.
 */
export async function countAhead(
  source: LedgerSource,
  accountId: string,
  through: PeriodEnd,
): Promise<Counted | undefined> {
  const beginning = (await findBeginnings(source, [accountId])).get(accountId);
  if (beginning === undefined) return undefined;
  const before = endOf(through, beginning.timeZone);
  const end = (await findEnds(source, [{ ...beginning, before }])).get(accountId)!;
  if (end.toVersion < beginning.fromVersion) return undefined;
  return countEntries(source, { ...beginning, toVersion: end.toVersion });
}

function endOf(through: PeriodEnd, timeZone: string): Date {
  return typeof through === 'string' ? startOfDay(dayAfter(through), timeZone) : through;
}

async function loadCuts(transaction: LedgerTransaction, commands: readonly IssueStatementCommand[]): Promise<Cuts> {
  const accountIds = commands.map(({ accountId }) => accountId);
  const beginnings = await findBeginnings(transaction, accountIds);
  const asked = commands.flatMap(({ accountId, through, counted }) => {
    const beginning = beginnings.get(accountId);
    return beginning === undefined ? [] : [{ ...beginning, before: endOf(through, beginning.timeZone), counted }];
  });
  const ends = await findEnds(transaction, asked);
  const rest = asked.map(({ counted, ...beginning }) => {
    const { toVersion } = ends.get(beginning.accountId)!;
    const isUsable = counted?.fromVersion === beginning.fromVersion && counted.toVersion <= toVersion;
    const before = isUsable ? counted : none({ ...beginning, toVersion });
    return { ...before, fromVersion: before.toVersion + 1, toVersion };
  });
  const counts = await countMore(transaction, rest);
  return new Map(
    asked.map(({ before: periodTo, counted: _counted, ...beginning }, place) => {
      const { accountId } = beginning;
      return [accountId, { beginning, periodTo, end: ends.get(accountId)!, tally: counts[place]!.tally }];
    }),
  );
}

interface Issued {
  readonly statement: Statement;
  readonly changedAccounts: readonly LockedAccount[];
  readonly events: readonly LedgerEvent[];
}

function decideStatement(
  { accountId, id }: IssueStatementCommand,
  { accounts, loaded, now }: DecisionState<Cuts>,
): Issued | { readonly refusal: Refusal } {
  const account = accounts.get(accountId);
  if (account === undefined) return { refusal: noSuch('account', accountId) };
  const clearing = refuseClearingAccount(account);
  if (clearing !== undefined) return { refusal: clearing };
  const cut = loaded.get(accountId)!;
  const refused = refusePeriod(cut, now) ?? refuseAheadOfClock([{ account }], now);
  if (refused !== undefined) return { refusal: refused };
  const { beginning, periodTo } = cut;
  const statement = sealStatement({ ...cut, id, number: beginning.number, issuedAt: now });
  const { lastBookedAt } = account;
  // From now on nothing is booked with an earlier time, whatever the clock will say.
  const changed = {
    ...account,
    lastBookedAt: lastBookedAt !== null && lastBookedAt > periodTo ? lastBookedAt : periodTo,
  };
  const event = { type: 'statement.issued' as const, accountId, subjectId: id, data: toldOf(statement) };
  return { statement, changedAccounts: [changed], events: [event] };
}

function refusePeriod({ beginning, periodTo }: Cut, now: Date): Refusal | undefined {
  const { accountId, number, periodFrom } = beginning;
  if (periodTo <= periodFrom && number === 1) {
    return invalidInput([{ path: 'through', message: 'must not lie before the account was opened' }]).refusal;
  }
  if (periodTo <= periodFrom) {
    const detail = `Statement ${number - 1} of account ${accountId} ends at ${periodFrom.toISOString()} already.`;
    return refusal('statement_covered', detail, { accountId, number: number - 1, periodTo: periodFrom.toISOString() });
  }
  if (periodTo <= now) return undefined;
  const detail = `The period ends at ${periodTo.toISOString()}; until then there is the interim statement.`;
  return refusal('period_not_over', detail, { accountId, periodTo: periodTo.toISOString() });
}

/** What is told of it: no amounts, because a holder who joined during the period receives the event as well. */
function toldOf({ id, number, accountId, timeZone, periodFrom, periodTo, ...rest }: Statement) {
  const { fromVersion, toVersion, issuedAt, hash } = rest;
  return { id, number, accountId, timeZone, periodFrom, periodTo, fromVersion, toVersion, issuedAt, hash };
}
