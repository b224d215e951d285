import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import { demoLedgerId, demoPartyIds } from '../../../seeds/demo.ts';
import { projectFolder, untilListening } from '../server-process.ts';
import { type Failed, inTemporaryFolder, outcomeOf, type Python } from './foreign-tools.ts';

interface Calls {
  /** How many calls are made up of each operation, in each way of making them up. */
  readonly examples: string;
  /** The same seed makes the same calls up. */
  readonly seed: string;
}

/**
 * Calls a service with its demo accounts as schemathesis makes calls up, valid and invalid ones, alone and in sequence
 * (schemathesis.toml): first with a key of the service, then with one that is bound to a party.
 */
export function callAtRandom(python: Python, { examples, seed }: Calls): Promise<string | Failed> {
  return inTemporaryFolder(async (folder) => {
    if ('missing' in python) return python.missing;
    const { bin } = python;
    const service = await startService(path.join(folder, 'data'));
    try {
      const configured = ['--config-file', path.join(projectFolder, 'schemathesis.toml')];
      const command = [
        ...configured,
        'run',
        `${service.url}/openapi.json`,
        '--checks',
        'all',
        '--seed',
        seed,
        '--no-color',
      ];
      const bounds = ['--max-examples', examples, '--request-timeout', '30', '--continue-on-failure'];
      const bound = await service.createKey(demoPartyIds.earner);
      const kinds: ReadonlyArray<readonly [key: string, phases: string]> = [
        [service.key, 'examples,coverage,fuzzing,stateful'],
        [bound, 'examples,fuzzing'],
      ];
      for (const [key, phases] of kinds) {
        const header = ['--header', `Authorization: Bearer ${key}`];
        const args = [...command, ...bounds, ...header, '--phases', phases];
        const { isOk, text } = await outcomeOf(path.join(bin, 'schemathesis'), args, { cwd: folder });
        // Addresses and bodies that were made up can be very long.
        if (!isOk) return { found: text.replaceAll(/^(.{1000}).+$/gm, '$1...') };
      }
      return `schemathesis finds nothing with the seed ${seed} and ${examples} examples`;
    } finally {
      await service.stop();
    }
  });
}

async function startService(dataDir: string) {
  const env = { ...process.env, DATA_DIR: dataDir, PORT: '0', DATABASE_URL: '', DEMO_API_KEY: '', LOG_LEVEL: 'error' };
  const run = [path.join(projectFolder, 'scripts/run-built.mjs')];
  const options = { cwd: projectFolder, env };
  const child: ChildProcess = spawn(process.execPath, [...run, 'src/main.js'], options);
  const exited = once(child, 'exit');
  const printed = await untilListening(child, /Look at it:\s+curl.*\n/);
  return {
    url: /listens on (\S+)/.exec(printed)![1]!,
    key: /Bearer ([^'"\s]+)/.exec(printed)![1]!,
    async createKey(partyId: string): Promise<string> {
      const create = [...run, 'src/cli/joint-ledger.js', 'key', 'create', demoLedgerId, 'Checked', partyId];
      const { stdout } = await promisify(execFile)(process.execPath, create, options);
      return /(jl_\S+)/.exec(stdout)![1]!;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
