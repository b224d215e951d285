import { expect } from '@jest/globals';
import type { Database } from '../../src/database/create-database.ts';
import type { HolderRight } from '../../src/ownership/holder.ts';
import type { PaymentOrderDocument } from '../../src/payment-orders/payment-order.ts';
import { openJointAccount } from './joint-account.ts';
import type { TestClient } from './test-client.ts';

/** Sends a withdrawal, or with `toAccountId` a transfer, in USD. */
export function pay(
  client: TestClient,
  accountId: string,
  { toAccountId, ...fields }: { amount: string; toAccountId?: string; [field: string]: unknown },
  headers: Record<string, string> = {},
) {
  const body = { currency: 'USD', ...fields };
  return toAccountId === undefined
    ? client.post(`/v1/accounts/${accountId}/withdrawals`, body, headers)
    : client.post('/v1/transfers', { fromAccountId: accountId, toAccountId, ...body }, headers);
}

/** Sends a withdrawal or a transfer that lacks signatures; answers the payment order that it becomes. */
export async function makeOrder(...sent: Parameters<typeof pay>): Promise<PaymentOrderDocument> {
  const answer = await pay(...sent);
  expect([answer.status, answer.body.code, answer.body.status]).toEqual([202, undefined, 'waiting']);
  return answer.body;
}

/** Somebody approves a payment order, or says something else about it. */
export function sign(
  client: TestClient,
  { id, instructionHash }: Pick<PaymentOrderDocument, 'id' | 'instructionHash'>,
  party: string,
  { decision = 'approve', headers = {} }: { decision?: 'approve' | 'reject'; headers?: Record<string, string> } = {},
) {
  return client.post(`/v1/payment-orders/${id}/authorisations`, { by: party, decision, instructionHash }, headers);
}

export function cancel(client: TestClient, { id }: Pick<PaymentOrderDocument, 'id'>, by?: string) {
  return client.post(`/v1/payment-orders/${id}/cancel`, by === undefined ? undefined : { by });
}

/** Balance, what is held and what is available of an account. */
export async function moneyOf(client: TestClient, accountId: string): Promise<[string, string, string]> {
  const { balance, held, available } = (await client.get(`/v1/accounts/${accountId}`)).body;
  return [balance, held, available];
}

/**
 * Expects of all payment orders what the check of the books does not know: that the hold of each reserves its amount
 * while it waits and nothing after, that each booked one is one transaction of its amount out of its account, and that
 * nothing else came out of any.
 */
export async function expectOrdersSettled(database: Database): Promise<void> {
  const { rows } = await database.raw(`
    select o.id, o.status, h.status as hold, h.remaining, h.captured
    from payment_orders o join holds h on h.ledger_id = o.ledger_id and h.id = o.id
    where (o.status, h.status, h.remaining, h.captured) not in (
      ('waiting', 'active', o.amount, 0::numeric), ('booked', 'captured', 0, o.amount),
      ('rejected', 'voided', 0, 0), ('cancelled', 'voided', 0, 0), ('expired', 'expired', 0, 0))
      and not (o.status = 'waiting' and o.expires_at <= now() and h.status = 'expired' and h.remaining = 0)
    or (select count(*) from transactions t where t.ledger_id = o.ledger_id and t.origin_id = o.id)
       <> case when o.status = 'booked' then 1 else 0 end
    or o.status = 'booked' and not exists (
      select from transactions t
      join entries e on e.ledger_id = t.ledger_id and e.transaction_id = t.id and e.account_id = o.account_id
      where t.ledger_id = o.ledger_id and t.origin = 'payment_order' and t.origin_id = o.id
        and e.amount = -o.amount and t.initiated_by = o.initiated_by and t.id = o.transaction_id)`);
  expect(rows).toEqual([]);
}

const delegate: HolderRight[] = ['view', 'withdraw', 'transfer', 'delegate'];

export const allSign = () => ({ rule: 'all' });
export const twoSign = () => ({ rule: 'count', count: 2 });

type Family = 'ann' | 'bob' | 'cai' | 'dan' | 'eve';

/** An account with 100.00 of Ann, Bob and Cai, for whom Dan acts; Eve may only look. All owners sign unless told. */
export function openFamily(client: TestClient, mandate: (party: Record<Family, string>) => object = allSign) {
  const holders = {
    ann: {},
    bob: {},
    cai: {},
    dan: { rights: delegate },
    eve: { rights: ['view' as const, 'delegate' as const] },
  };
  return openJointAccount(client, holders, { balance: '100.00', mandate });
}

export async function readOrder(client: TestClient, order: { id: string }): Promise<PaymentOrderDocument> {
  const answer = await client.get(`/v1/payment-orders/${order.id}`);
  expect(answer.status).toBe(200);
  return answer.body;
}

/** Who has said what, as "ann approve". */
export function saidIn(order: PaymentOrderDocument, party: Readonly<Record<string, string>>): string[] {
  const nameOf = (partyId: string) => Object.entries(party).find(([, id]) => id === partyId)?.[0];
  return order.authorisations.map(({ by, decision }) => `${nameOf(by)} ${decision}`);
}

export async function tagOf(client: TestClient, account: string): Promise<string> {
  return (await client.get(`/v1/accounts/${account}`)).headers.etag!;
}

/** Up to 200.00 any one of three owners, up to 5000.00 two of them, above that all. Delegates may withdraw. */
export function openForThree(client: TestClient, options: object = {}) {
  const acting: { rights: HolderRight[] } = { rights: ['withdraw', 'delegate'] };
  return openJointAccount(
    client,
    { ann: {}, bob: {}, cat: {}, dan: acting },
    {
      balance: '20000.00',
      mandate: (party) => ({
        bands: [
          { rule: 'any', upTo: '200.00' },
          { rule: 'count', count: 2, upTo: '5000.00', signatories: [party.ann, party.bob, party.cat] },
          { rule: 'all' },
        ],
      }),
      ...options,
    },
  );
}
