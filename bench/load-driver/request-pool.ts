import { accountId } from '../books/account-id.ts';
import { isRead, type LoadName, type LoadOrder } from './load-order.ts';
import { type AccountPair, pickAccounts, type Random, seededRandom } from './pick-accounts.ts';

/** The bytes of requests, prepared so that sending one costs the joining of three strings. */
export interface RequestPool {
  /** The next request as it goes over the wire, under an idempotency key that no other request has. */
  next(): string;
  /** How many movements each request asks for. */
  readonly movementsPerRequest: number;
}

/** A request without its key: what stands before the key, and what stands behind. */
interface PreparedRequest {
  readonly beforeKey: string;
  readonly afterKey: string;
}

/** Enough that a run does not feel the repetition, few enough to be ready in a moment. */
const preparedMovements = 16_384;

/** Small against what the accounts have, so that no movement of a bench is ever refused. */
const amount = '1.00';
const currency = 'USD';

/** Prepares the requests of a load. Text is ASCII throughout, so the length of a string is its length in bytes. */
export function createRequestPool(order: LoadOrder): RequestPool {
  const random = seededRandom(order.seed);
  const movementsPerRequest = batchSizes[order.load] ?? 1;
  const count = Math.ceil(preparedMovements / movementsPerRequest);
  const requests = Array.from({ length: count }, () => prepare(order, random, movementsPerRequest));
  let sent = 0;
  return {
    movementsPerRequest,
    next() {
      const { beforeKey, afterKey } = requests[sent % count]!;
      sent += 1;
      return beforeKey + order.keyPrefix + sent + afterKey;
    },
  };
}

const batchSizes: Partial<Record<LoadName, number>> = { 'batches-100': 100, 'batches-1000': 1_000 };

function prepare(order: LoadOrder, random: Random, movementsPerRequest: number): PreparedRequest {
  if (isRead(order.load)) return prepareRead(order, random);
  const { path, body } = createRequest(order, random, movementsPerRequest);
  const text = JSON.stringify(body);
  const { host } = new URL(order.url);
  return {
    beforeKey:
      `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${order.apiKey}\r\n` +
      'Content-Type: application/json\r\nIdempotency-Key: ',
    afterKey: `\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  };
}

/** A key of a request that reads means nothing, and every service takes it. */
function prepareRead({ load, url, apiKey, accounts }: LoadOrder, random: Random): PreparedRequest {
  const account = `/v1/accounts/${accountId(1 + Math.floor(random() * accounts))}`;
  const path =
    load === 'account'
      ? account
      : load === 'entries'
        ? `${account}/entries?limit=50`
        : `${account}/balances?at=2024-01-01T00:00:05.000Z`;
  return {
    beforeKey: `GET ${path} HTTP/1.1\r\nHost: ${new URL(url).host}\r\nAuthorization: Bearer ${apiKey}\r\nX-Request: `,
    afterKey: '\r\n\r\n',
  };
}

function createRequest(order: LoadOrder, random: Random, movementsPerRequest: number): { path: string; body: object } {
  if (order.load === 'joint') {
    const kind = random() < 0.5 ? 'deposits' : 'withdrawals';
    return { path: `/v1/accounts/${accountId(1)}/${kind}`, body: { amount, currency } };
  }
  const pick = () => pickAccounts(order.load, order.accounts, random);
  if (movementsPerRequest === 1) return { path: '/v1/transfers', body: transfer(pick()) };
  const items = Array.from({ length: movementsPerRequest }, () => ({ type: 'transfer', ...transfer(pick()) }));
  return { path: '/v1/batches', body: { atomic: false, items } };
}

function transfer({ from, to }: AccountPair) {
  return { fromAccountId: accountId(from), toAccountId: accountId(to), amount, currency };
}
