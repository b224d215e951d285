import net from 'node:net';
import { expect, test } from '@jest/globals';
import { holdAccountLock, untilLockWaiters } from '../support/lock-witness.ts';
import { startTestService } from '../support/test-service.ts';

/** Sends a deposit with a key, and answers what hangs up without waiting for the answer. */
function sendDeposit(service: { url: string; apiKey: string }, account: string, key: string): () => void {
  const { hostname, port } = new URL(service.url);
  const body = '{"amount":"1.00","currency":"USD"}';
  const socket = net.connect(Number.parseInt(port, 10), hostname);
  socket.on('error', () => {});
  socket.write(
    [
      `POST /v1/accounts/${account}/deposits HTTP/1.1`,
      'Host: ledger',
      `Authorization: Bearer ${service.apiKey}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      `Idempotency-Key: ${key}`,
      'Prefer: wait=20',
      `\r\n${body}`,
    ].join('\r\n'),
  );
  return () => socket.destroy();
}

test('books nothing for callers who hang up before their turn, and books what was under way for its key to tell', async () => {
  const service = await startTestService();
  const { client, database } = service;
  const account = await client.openAccount();
  const held = await holdAccountLock(database, account);
  // Two transactions are as many as one account can be part of.
  const underWay = [];
  for (const key of ['under-way-1', 'under-way-2']) {
    underWay.push(sendDeposit(service, account, key));
    await untilLockWaiters(database, underWay.length);
  }
  const queued = ['queued-1', 'queued-2', 'queued-3'].map((key) => sendDeposit(service, account, key));
  const depth = async () => /^joint_ledger_queue_depth (\d+)$/m.exec((await client.get('/metrics')).text)?.[1];
  while ((await depth()) !== '3');
  for (const hangUp of [...underWay, ...queued]) hangUp();
  // By the time of these answers the service has read what came before them: the ends of those connections.
  for (let round = 0; round < 5; round++) await client.get('/healthz');
  await held.release();

  const deposit = (key: string) =>
    client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' }, { 'Idempotency-Key': key });
  for (const [key, replayed] of [
    ['under-way-1', 'true'],
    ['under-way-2', 'true'],
    ['queued-1', undefined],
  ] as const) {
    const answer = await deposit(key);
    expect([answer.status, answer.headers['idempotent-replayed']]).toEqual([201, replayed]);
  }
  expect(await client.balance(account)).toBe('3.00');
  await service.stop();
});
