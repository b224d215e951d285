import type { PaymentOrder } from '../client/client.ts';
import { changeOnce } from './call-service.ts';
import { agree, consentOptions, declined } from './consent.ts';
import { readUuid, type ServiceCommand } from './ledger-command.ts';
import { limitOption, listItems } from './listed-items.ts';

/** Lists payment orders. */
export const listOrders: ServiceCommand = {
  name: 'order list',
  summary: 'Lists payment orders, the latest first: those that wait for signatures unless you say otherwise.',
  parameters: {},
  options: {
    '--account <account-id>': { meaning: 'those that take from this account', read: readUuid },
    '--missing-from <party-id>': { meaning: 'those that this party can sign', read: readUuid },
    '--status <status>': { meaning: 'waiting, booked, rejected, cancelled or expired', otherwise: 'waiting' },
    ...limitOption,
  },
  example: '--missing-from 01936f00-0000-7000-8000-000000000013',
  async ask(service, _args, { options }) {
    const { account: accountId, missingFrom, status } = options;
    const wanted = { accountId, missingFrom, status: status as PaymentOrder['status'] };
    const listed = service.each('listPaymentOrders', { ...wanted, order: 'desc', limit: 200 });
    return listItems(listed, options.limit!, describeOrder);
  },
};

/** Signs a payment order. */
export const signOrder: ServiceCommand = {
  name: 'order sign',
  summary: 'Signs a payment order, or rejects it. What is signed is what is shown, by its hash.',
  parameters: { '<order-id>': { meaning: 'the payment order', read: readUuid } },
  options: {
    '--by <party-id>': { meaning: 'who signs; left out with a key that acts for a party', read: readUuid },
    '--reject': { meaning: 'rejects it instead' },
    ...consentOptions,
  },
  example: '01936f00-0000-7000-8000-000000000302 --by 01936f00-0000-7000-8000-000000000014',
  async ask(service, [orderId], call) {
    const { by, reject, key } = call.options;
    const decision = reject === undefined ? 'approve' : 'reject';
    const order = await service.getPaymentOrder({ orderId: orderId! });
    const question = `${describeOrder(order)}\nThis would ${decision} it${by === undefined ? '' : ` for ${by}`}.`;
    if (!(await agree(call, async () => question))) return declined;
    const signature = { orderId: orderId!, by, decision, instructionHash: order.instructionHash } as const;
    const signed = await changeOnce(key, (options) => service.signPaymentOrder(signature, options));
    return { text: describeOrder(signed), json: signed };
  },
};

function describeOrder(order: Omit<PaymentOrder, 'authorisations'>): string {
  const { id, amount, currency, accountId, toAccountId, status, multiAuthorisation, expiresAt, description } = order;
  const to = toAccountId === null ? 'out of the ledger' : `to ${toAccountId}`;
  const about = description === null ? '' : ` ${JSON.stringify(description)}`;
  const { missingFrom, numberReceived, numberRequired } = multiAuthorisation;
  const signatures = `${numberReceived} of ${numberRequired} signatures`;
  const waiting = status === 'waiting' ? `, missing from ${missingFrom.join(', ')} until ${expiresAt}` : '';
  return `${id} ${status}: ${amount} ${currency} from ${accountId} ${to}${about}, ${signatures}${waiting}`;
}
