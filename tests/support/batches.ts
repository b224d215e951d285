import { expect } from '@jest/globals';
import type { TestClient } from './test-client.ts';

/** An item of a batch as a caller writes it. */
export interface BatchItem {
  readonly type: string;
  readonly [field: string]: unknown;
}

const usd = { currency: 'USD' };

/** Items in USD; `more` says what else they have, or another currency. */
export const item = {
  deposit: (accountId: string, amount: string, more: object = {}): BatchItem => {
    return { type: 'deposit', accountId, amount, ...usd, ...more };
  },
  withdrawal: (accountId: string, amount: string, more: object = {}): BatchItem => {
    return { type: 'withdrawal', accountId, amount, ...usd, ...more };
  },
  transfer: (fromAccountId: string, toAccountId: string, amount: string, more: object = {}): BatchItem => {
    return { type: 'transfer', fromAccountId, toAccountId, amount, ...usd, ...more };
  },
  multiLeg: (legs: Readonly<Record<string, string>>, more: object = {}): BatchItem => {
    return { type: 'multi_leg', entries: entriesOf(legs), ...more };
  },
};

/** The entries of a multi-leg transaction: what goes into each account, or with a minus sign out of it. */
export function entriesOf(legs: Readonly<Record<string, string>>, currency = 'USD') {
  return Object.entries(legs).map(([accountId, amount]) => ({ accountId, amount, currency }));
}

/** Sends items as one batch. */
export function sendBatch(
  client: TestClient,
  atomic: boolean,
  items: readonly BatchItem[],
  headers: Record<string, string> = {},
) {
  return client.post('/v1/batches', { atomic, items }, headers);
}

/** Sends the call that an item stands for, the item's key in the header. */
export function sendSingle(client: TestClient, { type, idempotencyKey, ...fields }: BatchItem) {
  const headers: Record<string, string> =
    idempotencyKey === undefined ? {} : { 'Idempotency-Key': `${idempotencyKey}` };
  if (type === 'transfer') return client.post('/v1/transfers', fields, headers);
  if (type === 'multi_leg') return client.post('/v1/transactions', fields, headers);
  const { accountId, ...body } = fields;
  return client.post(`/v1/accounts/${accountId}/${type}s`, body, headers);
}

/** What stands in a batch's answer for one item. */
export interface ItemResult {
  readonly status: number;
  readonly replayed?: true;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back.
  readonly transaction?: any;
  readonly problem?: { readonly code: string };
}

/** What became of each item, in their order: "201", "replayed 201", "422 insufficient_funds". */
export function outcomesOf(answer: { status: number; body: { results: ItemResult[] } }): string[] {
  expect([answer.status, Object.keys(answer.body)]).toEqual([200, ['results']]);
  return answer.body.results.map(({ status, replayed, problem }) =>
    [replayed ? 'replayed ' : '', status, problem === undefined ? '' : ` ${problem.code}`].join(''),
  );
}
