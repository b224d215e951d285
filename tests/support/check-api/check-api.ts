import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readDescription } from '../api-description.ts';
import { lintDescription } from '../lint-description.ts';
import { projectFolder } from '../server-process.ts';
import { type Description, findBreakingChanges } from './breaking-changes.ts';
import { compileGoClient, compilePythonClient } from './foreign-clients.ts';
import { type Failed, installPython, inTemporaryFolder } from './foreign-tools.ts';
import { callAtRandom } from './random-calls.ts';

/**
 * `npm run check:api`: is openapi.json valid and current, does it break callers of the last release, do foreign
 * generators make clients of it that compile, and does the service keep to it whatever is sent? Where Python or Go is
 * not there, or cannot load what it takes, that part is left out with a sentence.
 *
 * `-- --examples 50` makes up that many calls of each operation, `--seed 7` others than the last time.
 */
const { values } = parseArgs({
  options: { examples: { type: 'string', default: '1' }, seed: { type: 'string', default: `${Date.now() % 100_000}` } },
});
const committed = readFileSync(path.join(projectFolder, 'openapi.json'), 'utf8');

await inTemporaryFolder(async (folder) => {
  await report('current', checkCurrent);
  await report('valid', checkValid);
  await report('compatible', checkCompatible);
  await report('a client in Go', compileGoClient);
  const python = await installPython(folder, ['openapi-python-client==0.29.1', 'schemathesis==4.32.5']);
  await report('a client in Python', () => compilePythonClient(python));
  await report('calls at random', () => callAtRandom(python, values));
});

async function report(name: string, check: () => Promise<string | Failed>): Promise<void> {
  const startedAt = performance.now();
  const result = await check();
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const isFailed = typeof result !== 'string';
  process.stdout.write(`${isFailed ? 'NOT ' : ''}${name} (${seconds} s): ${isFailed ? result.found : result}\n`);
  if (isFailed) process.exitCode = 1;
}

async function checkCurrent(): Promise<string | Failed> {
  const isCurrent = (await readDescription()) === committed;
  return isCurrent ? 'openapi.json is what the service answers' : { found: 'npm run api:describe writes it anew' };
}

async function checkValid(): Promise<string | Failed> {
  const problems = await lintDescription();
  return problems === undefined ? 'redocly has nothing to say' : { found: problems };
}

/** Within a major version, before 1.0 within a minor one, nothing may break. */
async function checkCompatible(): Promise<string | Failed> {
  const folder = path.join(projectFolder, 'releases');
  const releases = readdirSync(folder).filter((file) => /^openapi-.*\.json$/.test(file));
  const last = releases.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (last === undefined) return 'nothing has been released to compare with';
  const before: Description = JSON.parse(readFileSync(path.join(folder, last), 'utf8'));
  const after: Description = JSON.parse(committed);
  const changes = findBreakingChanges(before, after);
  if (changes.length === 0) return `nothing breaks callers of ${before.info.version}`;
  const named = `these changes break callers of ${before.info.version}:\n  ${changes.join('\n  ')}`;
  const line = ({ info }: Description) => /^(?:0\.\d+|[1-9]\d*)/.exec(info.version)![0];
  return line(before) === line(after) ? { found: named } : named;
}
