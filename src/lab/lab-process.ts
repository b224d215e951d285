// A script of its own: one of the processes of a run, started by the one that runs it (`process-group.ts`).
import { setTimeout as sleep } from 'node:timers/promises';
import { createPostingEngine, type PostingEngine } from '../ledger/posting-engine.ts';
import { allScenarios } from './all-scenarios.ts';
import type { CallerRecord, LabCommand, LabReport, RecordedStatement } from './lab-messages.ts';
import { playCaller } from './play-caller.ts';
import { openRecorded, type RecordedDatabase } from './recorded-sessions.ts';
import { sweepAbandoned } from './run-schema.ts';
import { SessionPool, type SessionPoolOptions, sessionOptions } from './session-pool.ts';
import { nowUs } from './shared-clock.ts';
import { allStrategies } from './strategies/all-strategies.ts';

type Prepared = Extract<LabCommand, { type: 'prepare' }>;

let options: SessionPoolOptions;
let pool: SessionPool | undefined;
let engineSessions: RecordedDatabase | undefined;
let prepared: Prepared;

/** Once the one that runs us is gone, a report is an error, which would end us before we have put everything away. */
function tell(report: LabReport): void {
  if (process.connected) process.send!(report, () => {});
}

/** Gives all sessions back, so that the tables can be made anew. */
async function rest(): Promise<void> {
  await Promise.all([pool?.close(), engineSessions?.destroy()]);
  pool = undefined;
  engineSessions = undefined;
  tell({ type: 'rested' });
}

/** Opens what sessions the strategy needs, before it counts. */
async function prepare(): Promise<void> {
  if (strategyOf(prepared).post === undefined) pool ??= await SessionPool.open(options);
  else engineSessions ??= await openEngineSessions();
  tell({ type: 'prepared' });
}

async function openEngineSessions(): Promise<RecordedDatabase> {
  const opened = openRecorded(sessionOptions(options, options.sessions));
  const { client } = opened.database;
  const sessions = await Promise.all(Array.from({ length: options.sessions }, () => client.acquireConnection()));
  for (const session of sessions) await client.releaseConnection(session);
  return opened;
}

async function play(startUs: number): Promise<void> {
  const { callers, allCallers, thinkMs, accounts } = prepared;
  const scenario = allScenarios.find(({ name }) => name === prepared.scenario)!;
  const strategy = strategyOf(prepared);
  const plays = callers.map((caller) => ({ caller, play: scenario.play(caller, allCallers, accounts) }));
  const engine = engineSessions && createEngine(engineSessions);
  const ofEngine: RecordedStatement[] = [];
  await sleep(Math.max(0, (startUs - nowUs()) / 1000 - 1));
  // The timer is good for a millisecond; the callers of all processes are let go more closely than that.
  while (nowUs() < startUs);
  engineSessions?.record({ startUs, statements: ofEngine });
  const records: CallerRecord[] = await Promise.all(
    plays.map((each) => playCaller({ ...each, strategy, thinkMs, pool, engine, startUs })),
  );
  engineSessions?.record(undefined);
  tell({ type: 'played', callers: records, engine: ofEngine });
}

function strategyOf({ strategy }: Prepared) {
  return allStrategies.find(({ name }) => name === strategy)!;
}

function createEngine({ database }: RecordedDatabase): PostingEngine {
  const lanes = options.sessions;
  return createPostingEngine({ database, lockTimeoutMs: 5_000, lanes, maxQueued: 2_000, onCommitted: () => {} });
}

async function obey(command: LabCommand): Promise<void> {
  if (command.type === 'open') {
    options = command;
    tell({ type: 'opened' });
  } else if (command.type === 'rest') {
    await rest();
  } else if (command.type === 'prepare') {
    prepared = command;
    await prepare();
  } else {
    await play(command.atUs);
  }
}

// The process that runs us decides what a signal means; at a terminal it reaches us all.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
process.on('message', (command: LabCommand) => {
  obey(command).catch((error: Error) => {
    tell({ type: 'broken', detail: error.message });
  });
});
// It was killed: what is left of the run is for us to put away.
process.on('disconnect', async () => {
  if (options !== undefined) await sweepAbandoned(options.url, { waits: true }).catch(() => {});
  process.exit(1);
});
