import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type Cluster, replaceFile } from './cluster-location.ts';

const portFile = 'joint-ledger.port';

/** The port this cluster had last, when it is still free; else a new one. */
export async function choosePort(cluster: Cluster): Promise<number> {
  const remembered = readPort(cluster);
  if (remembered !== undefined && (await isFree(remembered))) return remembered;
  for (let attempt = 0; attempt < 50; attempt++) {
    // Below the range that systems hand out to outgoing connections, one of which could sit on our port at a restart.
    const port = randomInt(20_000, 30_000);
    if (await isFree(port)) return port;
  }
  return await anyFreePort();
}

/** Keeps the port with the data, so that bookmarked addresses (psql, a GUI) stay valid. */
export function rememberPort(cluster: Cluster, port: number): void {
  if (readPort(cluster) !== port) replaceFile(cluster, portFile, String(port));
}

function readPort({ folder }: Cluster): number | undefined {
  try {
    const port = Number(fs.readFileSync(path.join(folder, portFile), 'utf8'));
    return Number.isInteger(port) && port > 1023 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

async function anyFreePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = net.createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
