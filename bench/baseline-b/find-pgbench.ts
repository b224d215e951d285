import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Where Debian keeps the programs that it does not put into everybody's PATH. */
const debianFolder = '/usr/lib/postgresql';

/** The first pgbench that runs: from PATH, or the newest of Debian's folders. Undefined when there is none. */
export async function findPgbench(): Promise<string | undefined> {
  for (const program of ['pgbench', ...debianPrograms()]) {
    const runs = await run(program, ['--version']).then(
      () => true,
      () => false,
    );
    if (runs) return program;
  }
  return undefined;
}

function debianPrograms(): string[] {
  if (!fs.existsSync(debianFolder)) return [];
  const versions = fs.readdirSync(debianFolder).filter((name) => /^\d+$/.test(name));
  versions.sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10));
  return versions.map((version) => path.join(debianFolder, version, 'bin', 'pgbench'));
}
