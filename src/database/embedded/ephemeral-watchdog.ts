// A script of its own, started by startEphemeralServer. It shares nothing with its owner but the pipe on stdin.
import { setTimeout as sleep } from 'node:timers/promises';
import { readScriptInput } from './detached-script.ts';
import { type EphemeralRemains, removeEphemeralServer } from './ephemeral-removal.ts';

// A signal to every process that ends the test run still wants the server gone afterwards.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const remains = readScriptInput<EphemeralRemains>();
await new Promise<void>((resolve) => {
  process.stdin
    .on('end', resolve)
    .on('error', () => resolve())
    .resume();
});
await removeEphemeralServer(remains);
// A program of the killed owner may have been just about to write.
await sleep(100);
await removeEphemeralServer(remains);
