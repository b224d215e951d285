import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { projectFolder } from './server-process.ts';

/** A package as a later version would be: this build, with a higher version and migrations of its own. */
export interface NextVersion {
  readonly version: string;
  readonly service: string;
  readonly command: string;
  /** Puts a migration into the package, or in the place of the one of this name. `up` is JavaScript and has a `knex`. */
  putMigration(name: string, up: string): void;
  remove(): void;
}

/** Copies the build into a folder of its own. Each change stands in place of what the build must have. */
export function createNextVersion(version: string): NextVersion {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'next-version-'));
  const inFolder = (file: string) => path.join(folder, file);
  cpSync(path.join(projectFolder, 'dist'), inFolder('dist'), { recursive: true });
  cpSync(path.join(projectFolder, 'package.json'), inFolder('package.json'));
  symlinkSync(path.join(projectFolder, 'node_modules'), inFolder('node_modules'));
  const { version: ownVersion } = JSON.parse(readFileSync(inFolder('package.json'), 'utf8'));
  for (const file of ['package.json', 'dist/src/metrics/build-version.js']) {
    const text = readFileSync(inFolder(file), 'utf8');
    const raised = text.replace(ownVersion, version);
    if (raised === text) throw new Error(`${file} does not name the version ${ownVersion}`);
    writeFileSync(inFolder(file), raised);
  }
  return {
    version,
    service: inFolder('dist/src/main.js'),
    command: inFolder('dist/src/cli/joint-ledger.js'),
    putMigration(name, up) {
      const text = `export async function up(knex) { ${up} }\nexport async function down() {}\n`;
      writeFileSync(inFolder(`dist/migrations/${name}.js`), text);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
