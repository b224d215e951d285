import { z } from 'zod';
import { accountPath } from '../accounts/account-schemas.ts';
import { getReadableAccount } from '../accounts/readable-account.ts';
import { startOfDay } from '../accounts/time-zone.ts';
import { RefusalError } from '../errors/refusal.ts';
import { sourceOf } from '../http/caller.ts';
import { pageOf, pageQuery, readPageBy } from '../http/paging.ts';
import { day } from '../http/read-input.ts';
import { perform } from '../http/reply.ts';
import { get, operation, post } from '../http/route.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { historyOf } from '../ownership/visible-accounts.ts';
import { drawInterim } from './draw-interim.ts';
import { formatNames } from './formats/all-formats.ts';
import { countAhead, issueStatement } from './issue-statement.ts';
import { chooseFormat, readOptions, sendStatement, statementMediaTypes } from './send-statement.ts';
import { statementDocument, statementLanguages, wholeStatementDocument } from './statement.ts';
import { getStatement, listStatements } from './statement-queries.ts';

const issueBody = z.strictObject({
  through: day.meta({ description: 'The last day of the period, in the time zone of the account.' }),
});

const number = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, 'must be the number of a statement')
  .transform((digits) => Number.parseInt(digits, 10))
  .meta({ type: 'integer', minimum: 1, maximum: 999_999_999, pattern: undefined });

const format = z.enum(formatNames).optional().meta({ description: 'Goes before `Accept`; JSON without either.' });

const formatQuery = {
  format,
  version: z.string().max(10).optional().meta({ description: 'Of the format: `13` of `camt.053`.' }),
  language: z
    .enum(statementLanguages)
    .optional()
    .meta({ description: 'Of what people read, before `Accept-Language`.' }),
};

const interimQuery = z
  .strictObject({ from: day, to: day, ...formatQuery })
  .refine(({ from, to }) => from <= to, { path: ['to'], error: 'must not lie before from' });

const whole = {
  answers: { 200: wholeStatementDocument },
  mediaTypes: statementMediaTypes,
  languages: statementLanguages,
} as const;

/** Statements: what was booked on an account in a period, with the balances before and after. */
export const statementRoutes = [
  post(
    '/accounts/:accountId/statements',
    {
      id: 'issueStatement',
      summary: 'Issue the next statement of an account, up to the end of a day',
      ...{ keys: 'service', scope: 'accounts:manage', offers: operation, params: accountPath, body: issueBody },
      answers: { 201: statementDocument },
      refusals: [
        'account_not_found',
        'clearing_account',
        'period_not_over',
        'statement_covered',
        'booked_in_the_future',
      ],
    },
    async ({ caller, params: { accountId }, body: { through }, options }, { database, engine }) => {
      const counted = await countAhead(sourceOf(caller, database), accountId, through);
      const command = { accountId, id: createId(), through, counted };
      return perform(engine, createOperation(issueStatement, command, options), (statement) => ({
        status: 201,
        body: statement,
        headers: {
          ETag: `W/"${statement.hash}"`,
          Location: `/v1/accounts/${accountId}/statements/${statement.number}`,
        },
      }));
    },
  ),

  get(
    '/accounts/:accountId/statements',
    {
      id: 'listStatements',
      summary: 'List the statements of an account',
      ...{ keys: 'any', scope: 'accounts:read', params: accountPath, query: z.strictObject(pageQuery('desc')) },
      ...{ answers: { 200: pageOf(statementDocument) }, refusals: ['account_not_found'] },
    },
    async ({ caller, params: { accountId }, query }, { database }) => {
      await getReadableAccount(database, caller, accountId);
      // One whose period begins before the party sees anything would tell it balances of then.
      const since = await historyOf(database, caller, accountId);
      return readPageBy(query, ['statements', accountId], {
        key: z.int().nonnegative(),
        find: (page) => listStatements(sourceOf(caller, database), { ...page, accountId, since }),
        keyOf: (statement) => statement.number!,
      });
    },
  ),

  get(
    '/accounts/:accountId/statements/:number',
    {
      id: 'getStatement',
      summary: 'Read a statement with its lines, in a format of choice',
      ...{ keys: 'any', scope: 'accounts:read', params: accountPath.extend({ number }) },
      ...{ query: z.strictObject(formatQuery), ...whole },
      refusals: ['account_not_found', 'statement_not_found', 'right_missing', 'not_acceptable', 'too_many_entries'],
    },
    async ({ caller, params: { accountId, number }, query, accepted, language }, { database }) => {
      const format = chooseFormat({ ...query, accepted });
      const options = readOptions(format, { language, ...query });
      const account = await getReadableAccount(database, caller, accountId);
      const statement = await getStatement(sourceOf(caller, database), accountId, number);
      await historyOf(database, caller, accountId, new Date(statement.periodFrom));
      const fileName = `statement-${accountId}-${number}`;
      return sendStatement({ database, caller, account }, statement, { format, fileName, options });
    },
  ),

  get(
    '/accounts/:accountId/interim-statement',
    {
      id: 'getInterimStatement',
      summary: 'Draw up a statement of any days, without a number',
      ...{ keys: 'any', scope: 'accounts:read', params: accountPath, query: interimQuery, ...whole },
      refusals: ['account_not_found', 'clearing_account', 'right_missing', 'not_acceptable', 'too_many_entries'],
    },
    async ({ caller, params: { accountId }, query, accepted, language }, { database }) => {
      const format = chooseFormat({ ...query, accepted });
      const options = readOptions(format, { language, ...query });
      const account = await getReadableAccount(database, caller, accountId);
      if (account.ownership === 'clearing') {
        const detail = `Account ${accountId} is a clearing account, which has no balance after each entry.`;
        throw new RefusalError('clearing_account', detail, { accountId });
      }
      await historyOf(database, caller, accountId, startOfDay(query.from, account.timeZone));
      const statement = await drawInterim(database, caller.ledgerId, account, query);
      const fileName = `interim-statement-${accountId}-${query.from}-${query.to}`;
      return sendStatement({ database, caller, account }, statement, { format, fileName, options });
    },
  ),
];
