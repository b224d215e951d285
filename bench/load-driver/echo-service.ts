import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { accountId } from '../books/account-id.ts';

/**
 * Answers every request with a transaction that never happened, as fast as node:http can. Measured by
 * `--subjects echo`, it shows the most that the driver itself can do on a machine: no subject can look faster.
 */
const side = { balanceAfter: '1000.00', version: 7 };
const documentText = JSON.stringify({
  id: accountId(0),
  type: 'transfer',
  status: 'booked',
  amount: '1.00',
  currency: 'USD',
  bookedAt: '2026-01-01T00:00:00.000Z',
  valueDate: '2026-01-01',
  initiatedBy: null,
  description: null,
  reference: null,
  metadata: null,
  entries: [
    { accountId: accountId(1), amount: '-1.00', ...side },
    { accountId: accountId(2), amount: '1.00', ...side },
  ],
});
const headers = {
  'Content-Type': 'application/json; charset=utf-8',
  'Content-Length': String(documentText.length),
  Location: `/v1/transactions/${accountId(0)}`,
};

const server = createServer((req, res) => {
  req.resume();
  req.on('end', () => res.writeHead(201, headers).end(documentText));
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`echo listens on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
