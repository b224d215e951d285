// A script of its own, started by a process that has no time to wait for the server to stop.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster-location.ts';
import { openSession } from './cluster-session.ts';
import { readScriptInput } from './detached-script.ts';
import { tryToBeLast } from './mark-of-use.ts';
import { stopPostmaster } from './postmaster.ts';

const { cluster, binDir, port } = readScriptInput<{ cluster: Cluster; binDir: string; port: number }>();
const session = await openSession(cluster, port, 'joint-ledger stop');
// The process that started us may take a moment to go. If the mark is still there after that, it is another process's.
for (let attempt = 0; attempt < 50; attempt++) {
  if (await tryToBeLast(session)) {
    await stopPostmaster(cluster, binDir);
    break;
  }
  await sleep(200);
}
await session.end();
