import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import express from 'express';
import { createHttpServer } from '../../src/http/http-server.ts';

test('requests and answers have their prototypes from the start', async () => {
  const app = express();
  const seen: object[][] = [];
  const look = (req: object, res: object) => seen.push([Object.getPrototypeOf(req), Object.getPrototypeOf(res)]);
  app.use((req, res) => {
    look(req, res);
    res.json({ path: req.path });
  });
  const server = createHttpServer({}, app).prependListener('request', look).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/there`);
  expect(await answer.json()).toEqual({ path: '/there' });
  expect(seen).toHaveLength(2);
  expect(seen[0]![0]).toBe(seen[1]![0]);
  expect(seen[0]![1]).toBe(seen[1]![1]);
  server.close();
  server.closeAllConnections();
});
