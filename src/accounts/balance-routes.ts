import { z } from 'zod';
import { notFound } from '../errors/no-such.ts';
import { RefusalError } from '../errors/refusal.ts';
import { sourceOf } from '../http/caller.ts';
import { ok } from '../http/reply.ts';
import { get } from '../http/route.ts';
import { findReadable, hideFromStrangers, historyOf, refuseHistory } from '../ownership/visible-accounts.ts';
import { accountPath, balanceQuery, balanceSeriesQuery, balancesQuery } from './account-schemas.ts';
import { balanceAtDocument, getBalancesAt } from './balance-at.ts';
import { getBalances } from './balance-queries.ts';
import { balanceSeriesDocument, getBalanceSeries } from './balance-series.ts';
import { getReadableAccount } from './readable-account.ts';
import { startOfDay } from './time-zone.ts';

/** The balances of accounts: now, at an instant, and over a time. */
export const balanceRoutes = [
  get(
    '/accounts/:accountId/balances',
    {
      id: 'getBalance',
      summary: 'Read the balance of an account, now or at an instant',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: accountPath,
        query: balanceQuery,
        answers: { 200: balanceAtDocument },
      },
      refusals: ['account_not_found', 'right_missing'],
    },
    async ({ caller, params: { accountId }, query: { at } }, { database }) => {
      await hideFromStrangers(database, caller, accountId, { may: ['view'] });
      await historyOf(database, caller, accountId, at);
      if (at !== undefined) return ok((await getBalancesAt(database, caller.ledgerId, [accountId], at))[0]);
      const [balance] = await getBalances(sourceOf(caller, database), [accountId]);
      return ok({ ...balance, at: new Date().toISOString() });
    },
  ),

  get(
    '/accounts/:accountId/balance-series',
    {
      id: 'getBalanceSeries',
      summary: 'Read how the balance of an account went, by days, weeks or months',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        params: accountPath,
        query: balanceSeriesQuery,
        answers: { 200: balanceSeriesDocument },
      },
      refusals: ['account_not_found', 'clearing_account', 'too_many_entries', 'right_missing'],
    },
    async ({ caller, params: { accountId }, query }, { database }) => {
      const account = await getReadableAccount(database, caller, accountId);
      if (account.ownership === 'clearing') {
        const detail = `Account ${accountId} is a clearing account, which has no balance after each entry.`;
        throw new RefusalError('clearing_account', detail, { accountId });
      }
      await historyOf(database, caller, accountId, startOfDay(query.from, account.timeZone));
      return ok(await getBalanceSeries(database, caller.ledgerId, account, query));
    },
  ),

  get(
    '/balances',
    {
      id: 'getBalances',
      summary: 'Read the balances of up to 100 accounts at one moment',
      ...{
        keys: 'any',
        scope: 'accounts:read',
        query: balancesQuery,
        refusals: ['account_not_found', 'right_missing'],
      },
      answers: { 200: z.strictObject({ data: z.array(balanceAtDocument) }) },
    },
    async ({ caller, query: { accountIds, at } }, { database }) => {
      const readable = await findReadable(database, caller, accountIds);
      const hidden = readable === null ? undefined : accountIds.find((accountId) => !readable.has(accountId));
      if (hidden !== undefined) throw notFound('account', hidden);
      for (const accountId of at === undefined ? [] : accountIds) {
        const since = readable?.since(accountId);
        if (since !== undefined && at! < since) refuseHistory(accountId, since);
      }
      if (at !== undefined) return ok({ data: await getBalancesAt(database, caller.ledgerId, accountIds, at) });
      const balances = await getBalances(sourceOf(caller, database), accountIds);
      const now = new Date().toISOString();
      return ok({ data: balances.map((balance) => ({ ...balance, at: now })) });
    },
  ),
];
