import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';

const project = fileURLToPath(new URL('../../', import.meta.url));
const build = path.join(project, 'dist');
const bundled = path.join(project, '.dist-bundled');
/** Holds the fingerprint of what the bundles were made of. */
const stamp = path.join(bundled, '.sources');

/** What tests start processes of. */
const programs = ['src/main.js', 'src/cli/joint-ledger.js', 'src/lab/lab-process.js'];

/** Drivers of other databases, which knex would load if it were asked to. */
const absent = 'better-sqlite3 mariadb mysql mysql2 oracledb pg-native pg-query-stream sqlite3 tedious'.split(' ');

/** In the bundle of a program each module still has the address of its own file. */
const ownAddresses = (program) => ({
  name: 'own addresses',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path: file }) => {
      if (!file.startsWith(build)) return undefined;
      const fromProgram = path
        .relative(path.dirname(path.join(build, program)), file)
        .split(path.sep)
        .join('/');
      const address = `new URL(${JSON.stringify(fromProgram)}, import.meta.url).href`;
      return { contents: (await readFile(file, 'utf8')).replaceAll('import.meta.url', address) };
    });
  },
});

function fingerprint() {
  const files = [path.join(build, '.sources'), path.join(project, 'package-lock.json'), fileURLToPath(import.meta.url)];
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}

const isBundledFrom = (sources) => existsSync(stamp) && readFileSync(stamp, 'utf8') === sources;

/**
 * Makes a copy of the build in which each program is one file, packages included. Node needs more than twice as long to
 * find and load a thousand small files, and the tests start hundreds of processes.
 */
export async function bundleBuild() {
  const sources = fingerprint();
  if (isBundledFrom(sources)) return;
  const fresh = path.join(project, `.dist-bundled-${process.pid}`);
  try {
    cpSync(build, fresh, { recursive: true });
    for (const program of programs) {
      await bundle({
        ...{ entryPoints: [path.join(build, program)], outfile: path.join(fresh, program) },
        ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', keepNames: true, external: absent },
        plugins: [ownAddresses(program)],
        // For packages that are no ES modules.
        banner: {
          js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
        },
        logLevel: 'warning',
      });
    }
    writeFileSync(path.join(fresh, '.sources'), sources);
    // Another run of the tests was faster, and uses what it made.
    if (isBundledFrom(sources)) return;
    rmSync(bundled, { recursive: true, force: true });
    renameSync(fresh, bundled);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
