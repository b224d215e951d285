/**
 * What `npm test` runs: jest. `DISTRIBUTED_DATABASE_URL=... npm test -- distributed` stands for every test file that
 * can share its database with others, and so can run on Citus, each on a ledger of its own.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
// Where jest runs the tests in its own process, it loads this while it tears down, by a hook that is half gone by then.
import 'convert-source-map';

const patterns = process.argv.slice(2);
if (process.env.DISTRIBUTED_DATABASE_URL !== undefined && patterns.includes('distributed')) {
  const files = readdirSync('tests', { recursive: true })
    .map((file) => path.join('tests', file))
    .filter((file) => file.endsWith('.test.ts') && readFileSync(file, 'utf8').includes('startTestService()'));
  const others = patterns.filter((pattern) => pattern !== 'distributed');
  process.argv.splice(2, patterns.length, ...others, 'tests/distributed.test.ts', ...files);
}

await import('jest/bin/jest');
