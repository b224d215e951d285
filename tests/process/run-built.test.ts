import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { projectFolder } from '../support/server-process.ts';

const run = promisify(execFile);

let clone: string;

/** A command that fails at once, and a service: what is tested is how they come to be built. */
const stubs: Record<string, string> = {
  'src/main.ts': 'export {};\n',
  'src/client/client.ts': 'export {};\n',
  'src/cli/joint-ledger.ts': `process.stderr.write('joint-ledger: The database cannot be reached\\n');\nprocess.exitCode = 1;\n`,
  'seeds/demo.ts': 'export {};\n',
  'migrations/20261121001800_standing_orders.ts': 'export async function up() {}\n',
};

/** What a clone of the repository has after `npm ci`, with sources that compile quickly. */
function makeClone(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'clone-'));
  for (const [file, content] of Object.entries(stubs)) {
    mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(folder, file), content);
  }
  for (const file of ['scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'tsconfig.client.json']) {
    cpSync(path.join(projectFolder, file), path.join(folder, file), { recursive: true });
  }
  symlinkSync(path.join(projectFolder, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

let built: string;

beforeAll(async () => {
  built = makeClone();
  await run(process.execPath, ['scripts/run-built.mjs', 'build'], { cwd: built });
});

beforeEach(() => {
  clone = makeClone();
});

afterEach(() => rmSync(clone, { recursive: true, force: true }));

afterAll(() => rmSync(built, { recursive: true, force: true }));

/** As though the clone had been built, of the same sources. */
function putBuild(): void {
  cpSync(path.join(built, 'dist'), path.join(clone, 'dist'), { recursive: true });
}

/** Leaves out of `node_modules` what `npm ci --omit=dev` does not install. */
function removeCompiler(): void {
  const modules = path.join(clone, 'node_modules');
  rmSync(modules);
  mkdirSync(modules);
  for (const name of readdirSync(path.join(projectFolder, 'node_modules'))) {
    if (name === 'typescript') continue;
    symlinkSync(path.join(projectFolder, 'node_modules', name), path.join(modules, name));
  }
}

/** Runs a command of package.json that says something about the database, as npm does. */
async function migrate(): Promise<{ code: number; stderr: string }> {
  const env = { ...process.env, DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:1/none' };
  return run('npm', ['run', '--silent', 'migrate'], { cwd: clone, env }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    ({ code, stderr }) => ({ code, stderr }),
  );
}

const unreachable = 'joint-ledger: The database cannot be reached';

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(path.join(clone, file), change(readFileSync(path.join(clone, file), 'utf8')));
}

function timeOfBuild(): number {
  return statSync(path.join(clone, 'dist/src/main.js')).mtimeMs;
}

const mistaken = '29991231000000_mistaken';

/** The files that the build has of a migration. */
function builtOf(migration: string): string[] {
  return readdirSync(path.join(clone, 'dist/migrations')).filter((file) => file.startsWith(migration));
}

// To compile takes seconds: one test looks at two things.
test('a command of a fresh clone compiles first, and the next ones only when the sources have changed; nothing is left of a migration that is gone', async () => {
  writeFileSync(path.join(clone, `migrations/${mistaken}.ts`), 'export async function up() {}\n');
  expect((await migrate()).stderr).toContain(unreachable);
  const first = timeOfBuild();
  expect(builtOf(mistaken)).toContain(`${mistaken}.js`);
  expect((await migrate()).stderr).toContain(unreachable);
  expect(timeOfBuild()).toBe(first);

  edit('src/cli/joint-ledger.ts', (text) => text.replace('The database cannot be reached', 'Nobody is at home'));
  // An unpacked archive brings times of its own.
  utimesSync(path.join(clone, 'src/cli/joint-ledger.ts'), new Date(0), new Date(0));
  rmSync(path.join(clone, `migrations/${mistaken}.ts`));
  expect((await migrate()).stderr).toContain('joint-ledger: Nobody is at home');
  expect(builtOf(mistaken)).toEqual([]);
  expect(builtOf('20261121001800_standing_orders')).toContain('20261121001800_standing_orders.js');
  expect(readdirSync(clone).filter((name) => name.startsWith('.dist-'))).toEqual([]);
});

test('sources that do not compile end the command, and leave the build as it was', async () => {
  putBuild();
  const before = timeOfBuild();
  edit('src/main.ts', (text) => `${text}\nconst wrong: number = 'text';\n`);
  const { code, stderr } = await migrate();
  expect([code, stderr]).toEqual([1, expect.stringMatching(/joint-ledger: The sources could not be compiled\.\n$/)]);
  expect(timeOfBuild()).toBe(before);
});

test('without a compiler a build is used, and where there is none a sentence says what to do', async () => {
  putBuild();
  removeCompiler();
  expect((await migrate()).stderr).toMatch(new RegExp(`^${unreachable}`));

  edit('src/main.ts', (text) => `${text}\n// newer\n`);
  const { stderr } = await migrate();
  expect(stderr).toMatch(new RegExp(`^joint-ledger: The build is not of these sources.*\n${unreachable}`));
  for (const sources of ['src', 'migrations', 'seeds']) rmSync(path.join(clone, sources), { recursive: true });
  expect((await migrate()).stderr).toMatch(new RegExp(`^${unreachable}`));

  rmSync(path.join(clone, 'dist'), { recursive: true });
  expect(await migrate()).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^joint-ledger: There is no build, and no compiler.*npm run build.*\n$/),
  });
});

test('installing runs nothing, so that it needs no development dependency', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8'));
  const ran = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare', 'prepublish'];
  expect(Object.keys(scripts).filter((name) => ran.includes(name))).toEqual([]);
});

test('the service is the process that was started, which receives the signals', async () => {
  putBuild();
  const { scripts } = JSON.parse(readFileSync(path.join(clone, 'package.json'), 'utf8'));
  expect(scripts.start).toMatch(/^exec node /);
  writeFileSync(path.join(clone, 'dist/src/main.js'), 'console.log(process.pid, ...process.argv);\n');
  const started = run(process.execPath, ['scripts/run-built.mjs', 'src/main.js', '--role', 'api'], { cwd: clone });
  const { stdout } = await started;
  const main = path.join(clone, 'dist/src/main.js');
  expect(stdout).toBe(`${started.child.pid} ${process.execPath} ${main} --role api\n`);
});
