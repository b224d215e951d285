import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// node scripts/run-built.mjs build                      compiles unless there is a build of these sources
// node scripts/run-built.mjs src/main.js [arguments]    runs a file of the build in this process; compiles if need be

const project = fileURLToPath(new URL('..', import.meta.url));
const folders = ['src', 'migrations', 'seeds'];
const settings = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'tsconfig.client.json'];
const build = path.join(project, 'dist');
/** Holds the fingerprint of the sources that the build was made of. */
const stamp = path.join(build, '.sources');

/** A failure that one sentence explains. */
class BuildError extends Error {}

/**
 * Of names and contents, not of times: a copied folder, an unpacked archive and a branch that was changed and changed
 * back have times that say nothing. It takes a few hundredths of a second.
 */
function fingerprint() {
  const hash = createHash('sha256');
  const inFolders = folders.flatMap((folder) =>
    readdirSync(path.join(project, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(project, path.join(entry.parentPath, entry.name))),
  );
  for (const file of [...inFolders.sort(), ...settings]) {
    const content = readFileSync(path.join(project, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function isBuiltFrom(sources) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sources;
}

/** Undefined after `npm ci --omit=dev`. */
function findCompiler() {
  try {
    const manifest = createRequire(import.meta.url).resolve('typescript/package.json');
    return path.join(path.dirname(manifest), 'bin/tsc');
  } catch {
    return undefined;
  }
}

/** What is served as it stands: pages, and the sources of the strategies that the race lab shows. */
function copyServed(fresh) {
  for (const served of ['src/http/docs-page', 'src/lab/page', 'src/lab/strategies']) {
    const from = path.join(project, served);
    if (existsSync(from)) cpSync(from, path.join(fresh, served), { recursive: true });
  }
}

/**
 * Compiles beside the build and puts the result in its place: nothing is left of files that are gone (a migration among
 * them would be run), sources that don't compile leave the build as it was, and another command may do the same
 * meanwhile.
 */
function compile(compiler, sources) {
  const fresh = path.join(project, `.dist-${process.pid}`);
  rmSync(stamp, { force: true });
  try {
    // Not to stdout, which belongs to the command that is run afterwards.
    for (const config of ['tsconfig.build.json', 'tsconfig.client.json']) {
      const args = [compiler, '-p', path.join(project, config), '--outDir', fresh];
      const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2] });
      if (status !== 0) throw new BuildError('The sources could not be compiled.');
    }
    copyServed(fresh);
    // Another command was faster, and may run what it made.
    if (isBuiltFrom(sources)) return;
    mkdirSync(build, { recursive: true });
    for (const folder of folders) {
      rmSync(path.join(build, folder), { recursive: true, force: true });
      renameSync(path.join(fresh, folder), path.join(build, folder));
    }
    writeFileSync(stamp, sources);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function prepareBuild(target) {
  const hasSources = folders.every((folder) => existsSync(path.join(project, folder)));
  const sources = hasSources ? fingerprint() : undefined;
  const isThere = target !== undefined && existsSync(target);
  if (isThere && sources === undefined) return;
  // Asked to build, too: others may be running what is there.
  if ((isThere || target === undefined) && sources !== undefined && isBuiltFrom(sources)) return;
  const compiler = findCompiler();
  if (compiler !== undefined && sources !== undefined) {
    compile(compiler, sources);
  } else if (!isThere) {
    throw new BuildError(
      'There is no build, and no compiler to make one: run npm ci, npm run build, then npm prune --omit=dev.',
    );
  } else {
    process.stderr.write('joint-ledger: The build is not of these sources, and there is no compiler to make one.\n');
  }
}

const [file, ...args] = process.argv.slice(2);
const target = file === 'build' ? undefined : path.join(build, file);
try {
  prepareBuild(target);
} catch (error) {
  process.stderr.write(
    `joint-ledger: ${error instanceof BuildError ? error.message : `No build: ${error.message}.`}\n`,
  );
  process.exit(1);
}
if (target !== undefined) {
  // As if node had been started with it: the API processes of a cluster are started with the second of these.
  process.argv = [process.execPath, target, ...args];
  await import(pathToFileURL(target).href);
}
