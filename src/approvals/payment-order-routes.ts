import { z } from 'zod';
import { findListedAccounts, ofSignersQuery } from '../accounts/listed-accounts.ts';
import { actingParty } from '../http/acting-party.ts';
import { sourceOf } from '../http/caller.ts';
import { type PageAsked, pageOf, readPage } from '../http/paging.ts';
import { id } from '../http/read-input.ts';
import { answered, ok, perform } from '../http/reply.ts';
import { accountOperation, get, post } from '../http/route.ts';
import { actRefusals, bookingRefusals } from '../http/shared-refusals.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { withoutHidden } from '../movements/present-movement.ts';
import { transactionDocument } from '../movements/present-transaction.ts';
import { rightFor } from '../ownership/mandate.ts';
import { findReadable, ifVisible } from '../ownership/visible-accounts.ts';
import { type PaymentOrder, paymentOrderDocument, paymentOrderStatuses } from '../payment-orders/payment-order.ts';
import { describePaymentOrders, getPaymentOrder, listPaymentOrders } from '../payment-orders/payment-order-queries.ts';
import { listSigned } from '../signatures/list-signed.ts';
import { readSignature, signatureBody } from '../signatures/read-signature.ts';
import { cancelPaymentOrder } from './cancel-payment-order.ts';
import { signPaymentOrder } from './sign-payment-order.ts';

const orderPath = z.object({ orderId: id });
const listQuery = z.strictObject({
  ...ofSignersQuery,
  status: z.enum(paymentOrderStatuses).optional(),
});

const getVisible = ifVisible('payment_order', getPaymentOrder, ({ type }) => ['view', rightFor(type)]);

/** Payment orders: reading, signing and cancelling what waits for signatures. */
export const paymentOrderRoutes = [
  get(
    '/payment-orders',
    {
      id: 'listPaymentOrders',
      summary: 'List payment orders, of one account or of all that the key may read',
      ...{ keys: 'any', scope: 'accounts:read', query: listQuery, answers: { 200: pageOf(paymentOrderDocument) } },
      refusals: ['account_not_found'],
    },
    async ({ caller, query }, { database }) => {
      const { missingFrom, status = missingFrom === undefined ? undefined : 'waiting' } = query;
      const listed = await findListedAccounts(database, caller, query);
      const source = sourceOf(caller, database);
      const list = (page: PageAsked<string>) => listPaymentOrders(source, { ...page, ...listed }, status);
      const describe = (orders: readonly PaymentOrder[]) => describePaymentOrders(source, orders);
      return readPage(query, ['payment-orders'], (page) => listSigned(page, { list, describe }, missingFrom));
    },
  ),

  get(
    '/payment-orders/:orderId',
    {
      id: 'getPaymentOrder',
      summary: 'Read a payment order',
      ...{ keys: 'any', scope: 'accounts:read', params: orderPath, answers: { 200: paymentOrderDocument } },
      refusals: ['payment_order_not_found'],
    },
    async ({ caller, params: { orderId } }, { database }) => {
      const order = await getVisible(database, caller, orderId, 'read');
      const [document] = await describePaymentOrders(sourceOf(caller, database), [order]);
      return ok(document);
    },
  ),

  post(
    '/payment-orders/:orderId/authorisations',
    {
      id: 'signPaymentOrder',
      summary: 'Sign a payment order; the last signature books it',
      ...{
        keys: 'any',
        scope: 'approvals:write',
        offers: accountOperation,
        params: orderPath,
        body: signatureBody('payment order'),
      },
      answers: { 200: paymentOrderDocument.extend({ transaction: transactionDocument.exactOptional() }) },
      refusals: [
        ...actRefusals,
        ...bookingRefusals,
        'payment_order_not_found',
        'payment_order_not_pending',
        'instruction_mismatch',
        'instruction_altered',
        'already_decided',
      ],
    },
    async ({ caller, params: { orderId }, body, options }, { database, engine }) => {
      const signature = readSignature(caller, body);
      const { accountId, toAccountId } = await getVisible(database, caller, orderId);
      const { ledgerId } = caller;
      const about = { orderId, accountId, toAccountId, ledgerId, transactionId: createId() };
      const command = { ...signature, ...about };
      const answer = await engine.submit(createOperation(signPaymentOrder, command, options));
      const readable = await findReadable(database, caller, [accountId, toAccountId ?? accountId]);
      return answered(answer, ({ transaction, ...order }) =>
        ok(transaction === undefined ? order : { ...order, transaction: withoutHidden(transaction, readable) }),
      );
    },
  ),

  post(
    '/payment-orders/:orderId/cancel',
    {
      id: 'cancelPaymentOrder',
      summary: 'Take a payment order back',
      ...{ keys: 'any', scope: 'approvals:write', offers: accountOperation, params: orderPath },
      body: z.strictObject({ by: id.nullish() }).optional(),
      answers: { 200: paymentOrderDocument },
      refusals: [...actRefusals, 'payment_order_not_found', 'payment_order_not_pending'],
    },
    async ({ caller, params: { orderId }, body, options }, { database, engine }) => {
      const partyId = actingParty(caller, body?.by);
      const { accountId, toAccountId } = await getVisible(database, caller, orderId);
      const command = { orderId, accountId, toAccountId, partyId, authentication: caller.authentication };
      return perform(engine, createOperation(cancelPaymentOrder, command, options), ok);
    },
  ),
];
