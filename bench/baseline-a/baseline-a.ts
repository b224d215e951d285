import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import knexModule from 'knex';
import pg from 'pg';
import { createTextbookService } from './textbook-service.ts';

/**
 * Baseline A in a process of its own: `node baseline-a.js <database URL>`. Its pool is twice the service's default,
 * because a transaction a request needs a session for each request in progress.
 */
const [, , connectionString] = process.argv;
const poolSize = 20;

pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const database = knexModule({
  client: 'pg',
  connection: { connectionString: connectionString!, application_name: 'bench baseline A' },
  pool: { min: poolSize, max: poolSize },
});

const server = createServer({ keepAliveTimeout: 65_000 }, createTextbookService(database));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`baseline A listens on http://127.0.0.1:${port}\n`);
});

process.on('SIGTERM', () => {
  server.close(async () => {
    await database.destroy();
    process.exit();
  });
  server.closeIdleConnections();
});
