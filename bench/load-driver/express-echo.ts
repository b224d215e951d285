import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { accountId } from '../books/account-id.ts';

/**
 * Answers every GET with the document of an account, by Express and nothing else: the most that a service on Express can
 * do for one who reads an account.
 */
const account = {
  id: accountId(1),
  name: 'Account 1',
  externalId: null,
  currency: 'USD',
  ownership: 'joint',
  status: 'open',
  balance: '100000000.00',
  held: '0.00',
  available: '100000000.00',
  overdraftLimit: '0.00',
  version: 9,
  revision: 0,
  holders: [],
  mandate: { bands: [{ rule: 'any' }], version: 0 },
  debitsStopped: false,
  creditsStopped: false,
  timeZone: 'UTC',
  survivorship: 'survivors',
  metadata: null,
  createdAt: '2024-01-01T00:00:00.000Z',
  closedAt: null,
};

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/v1/accounts/:accountId', (_req, res) => {
  res.json(account);
});

const server = createServer(app);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`Express echo listens on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
