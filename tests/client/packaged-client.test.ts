import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { projectFolder } from '../support/server-process.ts';

// The client as a project has it that depends on the package: by its name, with its types, out of the build.

const run = promisify(execFile);
let folder: string;

const program = `
import { type Account, createClient, LedgerError, UnansweredError } from 'joint-ledger/client';

const ledger = createClient({ baseUrl: 'http://127.0.0.1:1', apiKey: 'x', retry: { attempts: 1 } });
try {
  const account: Account = await ledger.getAccount({ accountId: '1' });
  const made = await ledger.createTransfer({
    fromAccountId: account.id, toAccountId: '2', amount: '1.00', currency: 'USD',
  });
  const text: string = made.kind === 'payment_order' ? made.instructionHash : made.bookedAt;
  console.log(text);
} catch (error) {
  if (LedgerError.is(error, 'insufficient_funds')) console.log(error.code satisfies 'insufficient_funds');
  console.log(error instanceof UnansweredError);
}
`;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'depends-'));
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(projectFolder, path.join(folder, 'node_modules/joint-ledger'), 'dir');
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(path.join(folder, 'program.ts'), program);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])('compiles and runs without types of Node.js: module %s, resolution %s', async (module, resolution) => {
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
  const options = [
    '--ignoreConfig',
    '--strict',
    '--target',
    'es2023',
    '--lib',
    'es2023,dom,dom.iterable',
    '--types',
    '',
  ];
  const args = [...options, '--module', module, '--moduleResolution', resolution, 'program.ts'];
  await run(process.execPath, [path.join(path.dirname(compiler), 'bin/tsc'), ...args], { cwd: folder });
  const { stdout } = await run(process.execPath, ['program.js'], { cwd: folder });
  expect(stdout).toBe('true\n');
});
