import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createDatabase } from '../../src/database/create-database.ts';
import { startApi } from '../../src/process/api-process.ts';
import type { HttpListener } from '../../src/process/listen-http.ts';
import { type FaultyProxy, startFaultyProxy } from '../support/faulty-proxy.ts';
import { localWebhooks } from '../support/local-webhooks.ts';
import { until } from '../support/lock-witness.ts';
import { type StandbyServers, startStandbyServers } from '../support/standby-servers.ts';
import { createTestClient, type TestClient } from '../support/test-client.ts';
import { createTestLedger } from '../support/test-database.ts';

let servers: StandbyServers;
let proxy: FaultyProxy;
let apiKey: string;

beforeAll(async () => {
  servers = await startStandbyServers();
  proxy = await startFaultyProxy(servers.primaryUrl);
  const options = { url: servers.primaryUrl, poolSize: 1, applicationName: 'test', acquireTimeoutMs: 10_000 };
  const database = createDatabase(options);
  ({ apiKey } = await createTestLedger(database));
  await database.destroy();
});

afterAll(async () => {
  await proxy.close();
  await servers.stop();
});

async function withApi(databaseUrl: string, use: (client: TestClient) => Promise<void>): Promise<void> {
  const api: HttpListener = await startApi({
    ...{ host: '127.0.0.1', port: 0, keepAliveTimeoutMs: 5_000, databaseUrl, databasePoolSize: 10 },
    lockTimeoutMs: 2_000,
    ...localWebhooks,
    logger: pino({ level: 'silent' }),
  });
  try {
    await use(createTestClient(`http://127.0.0.1:${api.port}`, apiKey));
  } finally {
    await api.stop(5_000);
  }
}

test('uses the server that can be written to among those named', async () => {
  const url = new URL(servers.standbyUrl);
  const { host } = new URL(servers.primaryUrl);
  const both = servers.primaryUrl.replace(host, `${url.host},${host}`);
  await withApi(`${both}?target_session_attrs=read-write`, async (client) => {
    const account = await client.openAccount({ balance: '5.00' });
    expect(await client.balance(account)).toBe('5.00');
  });
});

test('neither writes to nor reads from a standby, and is not ready on one', async () => {
  await withApi(servers.standbyUrl, async (client) => {
    expect((await client.get('/readyz')).body).toMatchObject({ status: 503, code: 'not_ready' });
    const party = await client.post('/v1/parties', { name: 'Nobody' });
    expect(party.body).toMatchObject({ status: 503, code: 'database_unavailable' });
    expect((await client.get('/v1/accounts')).body).toMatchObject({ status: 503, code: 'database_unavailable' });
  });
});

test('throws sessions away whose server became read-only, and goes on with the server that took over', async () => {
  await withApi(proxy.url, async (client) => {
    const account = await client.openAccount({ balance: '10.00' });
    // Several sessions, so that some are idle when the first meets the change.
    await Promise.all(Array.from({ length: 8 }, () => client.get('/v1/accounts')));
    await until(async () => {
      const [row] = await servers.run(
        servers.primaryUrl,
        'select count(*)::int as behind from pg_stat_replication where replay_lsn < pg_current_wal_lsn()',
      );
      return row!.behind === 0;
    });
    await servers.run(servers.primaryUrl, 'alter system set default_transaction_read_only = on');
    await servers.run(servers.primaryUrl, 'select pg_reload_conf()');
    const deposit = () => client.post(`/v1/accounts/${account}/deposits`, { amount: '1.00', currency: 'USD' });
    await until(async () => (await deposit()).status === 503);
    expect((await client.get('/readyz')).status).toBe(503);

    await servers.run(servers.standbyUrl, 'select pg_promote()');
    proxy.reroute(servers.standbyUrl);
    await until(async () => (await deposit()).status === 201);
    const balance = await client.balance(account);
    const [row] = await servers.run(servers.standbyUrl, `select balance::text from accounts where id = '${account}'`);
    expect(`${row!.balance}`).toContain(balance);
    await until(async () => (await client.get('/readyz')).status === 200);
  });
});
