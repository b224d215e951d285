import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { claimLab } from '../../src/lab/run-schema.ts';
import { isAlive, labProcessesOf, labRemains, playLab } from '../support/lab-runs.ts';
import { until } from '../support/lock-witness.ts';
import { inBuild, projectFolder, startServerProcess } from '../support/server-process.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let testDatabase: TestDatabase;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
});

afterAll(() => testDatabase.verifyAndDrop());

/** Long enough to be interrupted. */
const long = { scenario: 'joint-account', strategies: ['for-update'], rounds: 20, thinkMs: 200 };
const short = { scenario: 'get-or-create', strategies: ['unique-key'], callers: 2, rounds: 1, thinkMs: 0 };

/** A long run in a process of its own, in whose middle we are. */
async function startRun(): Promise<{ command: ChildProcess; processes: number[]; errors: () => string }> {
  // The server may take a moment to notice that a killed session has the lab no more.
  await until(() =>
    claimLab(testDatabase.url).then(
      (lab) => lab.leave().then(() => true),
      () => false,
    ),
  );
  const { strategies, rounds, thinkMs } = long;
  const args = ['lab', 'run', long.scenario, '--strategies', strategies[0]!, '--rounds', `${rounds}`];
  const command = spawn(process.execPath, [inBuild('src/cli/joint-ledger.js'), ...args, '--think-ms', `${thinkMs}`], {
    cwd: projectFolder,
    env: { ...process.env, DATABASE_URL: testDatabase.url, LAB: 'on' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  command.stderr!.on('data', (chunk) => (errors += chunk));
  await until(async () => {
    if (command.exitCode !== null) throw new Error(`the run ended: ${errors}`);
    const { rows } = await testDatabase.database.raw(
      "select count(*)::int as waiting from pg_stat_activity where application_name = 'joint-ledger lab caller' and wait_event_type = 'Lock' and datname = current_database()",
    );
    return rows[0].waiting > 2;
  });
  return { command, processes: labProcessesOf(command.pid!), errors: () => errors };
}

const nothingIsLeft = () => until(async () => (await labRemains(testDatabase)).length === 0);

test('leaves no schema, no session and no process behind, and the tables of the ledger as they were', async () => {
  const tables = () => testDatabase.database('pg_stat_user_tables').where('schemaname', 'public').orderBy('relname');
  const before = await tables().select('relname', 'n_tup_ins', 'n_tup_upd', 'n_tup_del');
  await playLab(testDatabase.url, { ...short, scenario: 'joint-account', strategies: ['nothing', 'grouped-engine'] });
  expect(await labRemains(testDatabase)).toEqual([]);
  expect(labProcessesOf(process.pid)).toEqual([]);
  expect(await tables().select('relname', 'n_tup_ins', 'n_tup_upd', 'n_tup_del')).toEqual(before);
});

test('a run that is cancelled in the middle leaves nothing', async () => {
  const cancelling = new AbortController();
  let seen = 0;
  const onMessage = ({ type }: { type: string }) => {
    if (type === 'round' && ++seen === 1) setTimeout(() => cancelling.abort(), 50);
  };
  const run = playLab(testDatabase.url, long, { signal: cancelling.signal, onMessage });
  await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  expect(await labRemains(testDatabase)).toEqual([]);
  expect(labProcessesOf(process.pid)).toEqual([]);
});

test('a run that was cancelled before it began leaves nothing', async () => {
  await expect(playLab(testDatabase.url, long, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(await labRemains(testDatabase)).toEqual([]);
});

test('a run whose process is killed leaves nothing: the processes that it had put everything away', async () => {
  const { command, processes } = await startRun();
  expect(processes).toHaveLength(2);
  expect((await labRemains(testDatabase)).length).toBeGreaterThan(0);
  command.kill('SIGKILL');
  await nothingIsLeft();
  await until(async () => !processes.some(isAlive));
});

test('a run one of whose processes is killed ends with a sentence and leaves nothing', async () => {
  const { command, processes, errors } = await startRun();
  const ended = once(command, 'exit');
  process.kill(processes[1]!, 'SIGKILL');
  expect(await ended).toEqual([1, null]);
  expect(errors()).toMatch(/joint-ledger: A process of the run ended with SIGKILL\. Nothing of the run is left\.\n$/);
  expect(await labRemains(testDatabase)).toEqual([]);
  expect(processes.filter(isAlive)).toEqual([]);
});

test('a command that is told to stop ends its run in order', async () => {
  const { command, processes, errors } = await startRun();
  const ended = once(command, 'exit');
  command.kill('SIGINT');
  expect(await ended).toEqual([1, null]);
  expect(errors()).toMatch(/joint-ledger: The run was ended; nothing of it is left\.\n$/);
  expect(await labRemains(testDatabase)).toEqual([]);
  expect(processes.filter(isAlive)).toEqual([]);
});

/** Kills all processes of a run at once, so that none is left to put anything away. */
async function killWholeRun(): Promise<void> {
  const { command, processes } = await startRun();
  // Stopped first, so that none of them lives a moment longer than another.
  for (const pid of [...processes, command.pid!]) process.kill(pid, 'SIGSTOP');
  for (const pid of [...processes, command.pid!]) process.kill(pid, 'SIGKILL');
  await until(async () => ![...processes, command.pid!].some(isAlive));
  expect(await labRemains(testDatabase)).toEqual(expect.arrayContaining([expect.stringMatching(/^race_lab_/)]));
}

test('what is left where all processes of a run are killed at once, the next run puts away', async () => {
  await killWholeRun();
  await until(() => canPlay());
  expect(await labRemains(testDatabase)).toEqual([]);
});

test('or the next start of a service with a lab', async () => {
  await killWholeRun();
  const sessions = testDatabase.database('pg_stat_activity').where('application_name', 'joint-ledger lab');
  await until(async () => (await sessions.clone().pluck('pid')).length === 0);
  const server = await startServerProcess({ DATABASE_URL: testDatabase.url, LAB: 'on' }, ['--role', 'api']);
  expect(await labRemains(testDatabase)).toEqual([]);
  await server.end('SIGTERM');
});

/** The server may take a moment to notice that the session with the lock is gone. */
async function canPlay(): Promise<boolean> {
  return playLab(testDatabase.url, short).then(
    () => true,
    ({ refusal }) => refusal?.code !== 'lab_busy',
  );
}

test('there is one run at a time, whichever process it is in', async () => {
  const lab = await claimLab(testDatabase.url);
  await expect(claimLab(testDatabase.url)).rejects.toMatchObject({ refusal: { code: 'lab_busy' } });
  await lab.leave();
  const { command } = await startRun();
  await expect(playLab(testDatabase.url, short)).rejects.toMatchObject({ refusal: { code: 'lab_busy' } });
  // The one that was refused has not harmed the other.
  expect((await labRemains(testDatabase)).some((remains) => remains.startsWith('race_lab_'))).toBe(true);
  const ended = once(command, 'exit');
  command.kill('SIGINT');
  await ended;
  expect(await canPlay()).toBe(true);
});
