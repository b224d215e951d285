import type { Response, Router } from 'express';
import { z } from 'zod';
import { getAccount } from '../accounts/account-queries.ts';
import { actingParty, findReadable, hideFromStrangers, requireServiceKey } from '../http/acting-party.ts';
import { callerOf } from '../http/authenticate.ts';
import { readTermsOf } from '../http/operation-terms.ts';
import { cutPage, decodeCursor, encodeCursor, orderQuery, pageQuery } from '../http/paging.ts';
import { methodNotAllowed } from '../http/problem.ts';
import { id, readInput } from '../http/read-input.ts';
import { sendAnswer, sendSuccess } from '../http/reply.ts';
import type { ServiceParts } from '../http/service-parts.ts';
import { createId } from '../ledger/create-id.ts';
import { createOperation } from '../ledger/operation.ts';
import { withoutHidden } from '../movements/present-movement.ts';
import { cancelPaymentOrder } from './cancel-payment-order.ts';
import {
  describePaymentOrders,
  getPaymentOrder,
  listPaymentOrders,
  paymentOrderNotFound,
} from './payment-order-queries.ts';
import { readSignature, signatureBody } from './read-signature.ts';
import { signPaymentOrder } from './sign-payment-order.ts';

const orderPath = z.object({ orderId: id });
const noQuery = z.strictObject({});
const status = z.enum(['waiting', 'booked', 'rejected', 'cancelled', 'expired']);
const listQuery = z.strictObject({
  ...pageQuery,
  order: orderQuery.default('desc'),
  accountId: id.optional(),
  status: status.optional(),
});
const cancelBody = z.strictObject({ by: id.nullish() }).optional();

/** Payment orders: reading, signing and cancelling what waits for signatures. */
export function addPaymentOrderRoutes(router: Router, { database, engine }: ServiceParts): void {
  /** The order, unless a key's party has nothing to do with it. */
  async function findForCaller(res: Response, orderId: string, right?: 'view') {
    const order = await getPaymentOrder({ knex: database, ledgerId: callerOf(res).ledgerId }, orderId);
    const hidden = { notFound: () => paymentOrderNotFound(orderId) };
    await hideFromStrangers(
      database,
      callerOf(res),
      order.accountId,
      right === undefined ? hidden : { right, ...hidden },
    );
    return order;
  }

  router
    .route('/payment-orders')
    .get(async (req, res) => {
      const { limit, cursor, order, accountId, status } = readInput(listQuery, req.query);
      if (accountId === undefined) requireServiceKey(callerOf(res));
      else {
        await hideFromStrangers(database, callerOf(res), accountId, { right: 'view' });
        await getAccount(database, callerOf(res).ledgerId, accountId);
      }
      const list = `payment-orders ${order} ${accountId ?? ''} ${status ?? ''}`;
      const source = { knex: database, ledgerId: callerOf(res).ledgerId };
      const page = { limit: limit + 1, afterId: decodeCursor(list, id, cursor), order, accountId, status };
      const found = await listPaymentOrders(source, page);
      const { data, nextCursor } = cutPage(found, limit, (last) => encodeCursor(list, last.id));
      res.json({ data: await describePaymentOrders(source, data), nextCursor });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/payment-orders/:orderId')
    .get(async (req, res) => {
      readInput(noQuery, req.query);
      const { orderId } = readInput(orderPath, req.params);
      const order = await findForCaller(res, orderId, 'view');
      const [document] = await describePaymentOrders({ knex: database, ledgerId: callerOf(res).ledgerId }, [order]);
      sendSuccess(res, { status: 200, body: document });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/payment-orders/:orderId/authorisations')
    .post(async (req, res) => {
      const { orderId } = readInput(orderPath, req.params);
      const signature = readSignature(callerOf(res), readInput(signatureBody('payment order'), req.body));
      const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
      const { accountId, toAccountId } = await findForCaller(res, orderId);
      const about = { orderId, accountId, toAccountId, ledgerId: callerOf(res).ledgerId, transactionId: createId() };
      const command = { ...about, ...signature };
      const answer = await engine.submit(createOperation(signPaymentOrder, command, terms));
      const readable = await findReadable(database, callerOf(res), [accountId, toAccountId ?? accountId]);
      sendAnswer(res, answer, ({ transaction, ...order }) => ({
        status: 200,
        body: transaction === undefined ? order : { ...order, transaction: withoutHidden(transaction, readable) },
      }));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/payment-orders/:orderId/cancel')
    .post(async (req, res) => {
      const { orderId } = readInput(orderPath, req.params);
      const partyId = actingParty(callerOf(res), readInput(cancelBody, req.body)?.by);
      const terms = readTermsOf(req, res, { dryRun: false, ifMatch: true });
      const { accountId, toAccountId } = await findForCaller(res, orderId);
      const command = { orderId, accountId, toAccountId, partyId };
      const answer = await engine.submit(createOperation(cancelPaymentOrder, command, terms));
      sendAnswer(res, answer, (order) => ({ status: 200, body: order }));
    })
    .all(methodNotAllowed('POST'));
}
