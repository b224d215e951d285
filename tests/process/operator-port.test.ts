import { expect, test } from '@jest/globals';
import { until } from '../support/lock-witness.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { createTestDatabase } from '../support/test-database.ts';

const operatorPaths = ['/healthz', '/readyz', '/metrics'];

/** Where the log says that operators look. */
function operatorUrl(server: ServerProcess): string {
  const [, port] = /"port":(\d+),"msg":"health and metrics stand on the port for operators"/.exec(server.output())!;
  return `http://127.0.0.1:${port}`;
}

const statusesAt = (url: string) =>
  Promise.all(operatorPaths.map(async (path) => (await fetch(`${url}${path}`)).status));

test.each([['1'], ['2']])('with %s API processes health and metrics stand on the port for operators', async (count) => {
  const { url, verifyAndDrop } = await createTestDatabase();
  const settings = { DATABASE_URL: url, OPERATOR_PORT: '0', API_PROCESSES: count };
  const server = await startServerProcess(settings, ['--role', 'api']);
  const forOperators = operatorUrl(server);
  expect(await statusesAt(server.url)).toEqual([404, 404, 404]);
  expect(await statusesAt(forOperators)).toEqual([200, 200, 200]);
  expect((await fetch(`${forOperators}/v1/accounts`)).status).toBe(404);
  expect((await fetch(`${server.url}/v1/accounts`)).status).toBe(401);
  // What the API answers is measured wherever it is answered.
  await until(async () => {
    const metrics = await (await fetch(`${forOperators}/metrics`)).text();
    return /joint_ledger_http_request_seconds_count\{[^}]*status="401"[^}]*\} 1\n/.test(metrics);
  });
  expect(await server.end('SIGTERM')).toBe(0);
  await verifyAndDrop();
});

test('a worker says how it is there, and nowhere else', async () => {
  const { url, verifyAndDrop } = await createTestDatabase();
  const settings = { DATABASE_URL: url, OPERATOR_PORT: '0', PORT: '1' };
  const server = await startServerProcess(settings, ['--role', 'worker']);
  expect(server.url).not.toMatch(/:1$/);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(await server.end('SIGTERM')).toBe(0);
  await verifyAndDrop();
});
