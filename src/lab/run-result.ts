import { z } from 'zod';
import { runParameters } from './run-parameters.ts';

/*
 * What a run of the race lab answers. All pictures and tables are made of this and of nothing else, and all of it comes
 * from what happened: time stamps that the processes took around each statement, what the server answered, which
 * sessions it reported as blocking which, and the changes of rows that triggers noted under the locks of those rows.
 *
 * Times are microseconds since the callers of the round were let go, on the one clock that the processes of a machine
 * share. Amounts are decimal text.
 */

const micros = z.number();
const count = z.int().nonnegative();
const decimal = z.string().regex(/^-?\d+(\.\d+)?$/);
/** What a column holds, as far as JSON can say it; numerics as text. */
const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export type Cell = z.output<typeof cell>;
/** The index of a lane in `lanes`. */
const laneIndex = count;
/** The index of a statement in `statements`. */
const statementIndex = count;
/** The index of a row in `rows`. */
const rowIndex = count;

/** What a caller was answered. */
export const callerAnswer = z.strictObject({
  caller: count,
  /** `refused`: a no that the caller can act on (not enough money, try again). `failed`: an error. */
  outcome: z.enum(['done', 'refused', 'failed']),
  /** For people: an id, an amount, or why not. */
  text: z.string(),
  /** The status that a service would answer with: 200, 409, 422, 500. */
  status: z.int(),
  /** Of the error that made it fail or be refused. */
  sqlState: z.string().nullable(),
  /** How often the work was started again. */
  retries: count,
  /** When the answer came; counted from the start, so it is the caller's latency too. */
  atUs: micros,
});
export type CallerAnswer = z.output<typeof callerAnswer>;

/** What a lane does at a time. The spans of one lane follow one another and never overlap. */
export const spanKinds = [
  'pool', // waits for a session of the pool, because there are fewer sessions than callers
  'sending', // BEGIN, ROLLBACK, a lock that was there to be had: statements that neither read nor write a row
  'reading',
  'thinking',
  'waiting', // for a lock that another session holds
  'writing',
  'committing',
  'pausing', // before another try
  'engine', // in joint-ledger's posting engine: waits for its turn, and is booked together with others
] as const;

export const span = z.strictObject({
  kind: z.enum(spanKinds),
  fromUs: micros,
  toUs: micros,
  /** The statement that it is, or is a part of; null where none is under way. */
  statement: statementIndex.nullable(),
});
export type Span = z.output<typeof span>;

/** A line of the picture: a caller; or a session of joint-ledger's engine, whose statements belong to many callers. */
export const lane = z.strictObject({
  kind: z.enum(['caller', 'engine']),
  /** Null for a session of the engine. */
  caller: count.nullable(),
  /** From 0 on. */
  process: count,
  /** The backend's process id on the server; null for a caller of the engine, which has no session of its own. */
  pid: z.int().nullable(),
  /** What the caller wants: "earner deposits 100.00". */
  name: z.string(),
  spans: z.array(span),
  /** Null for a session of the engine. */
  answer: callerAnswer.nullable(),
});
export type Lane = z.output<typeof lane>;

/** A statement as it was sent, with what came back. */
export const statement = z.strictObject({
  lane: laneIndex,
  sql: z.string(),
  values: z.array(cell),
  fromUs: micros,
  toUs: micros,
  /** What was read; at most ten rows of it. */
  rows: z.array(z.record(z.string(), cell)),
  /** How many rows were read or written. */
  affected: count,
  sqlState: z.string().nullable(),
});
export type Statement = z.output<typeof statement>;

/** A lock that a lane held until its transaction ended. */
export const heldLock = z.strictObject({
  lane: laneIndex,
  /** Null where it is not one of a row that the picture shows: a table, an advisory lock. */
  row: rowIndex.nullable(),
  what: z.string(),
  fromUs: micros,
  toUs: micros,
});
export type HeldLock = z.output<typeof heldLock>;

/** A lane that was seen waiting for locks by the sampler, and for whom (PostgreSQL manual, `pg_blocking_pids`). */
export const lockWait = z.strictObject({
  lane: laneIndex,
  statement: statementIndex,
  fromUs: micros,
  toUs: micros,
  /** The lanes whose locks, or whose earlier places in the queue, it waited for, in the order in which they came up. */
  blockedBy: z.array(laneIndex),
});
export type LockWait = z.output<typeof lockWait>;

/** A committed change of a row. */
export const rowStep = z.strictObject({
  /**
   * When the commit was known to the lane that made it. Steps stand in the order in which the server made them; of two
   * that followed closely, the first may have been known later.
   */
  atUs: micros,
  lane: laneIndex,
  /** Null in the engine, which writes for many callers at once. */
  statement: statementIndex.nullable(),
  value: cell,
  /** The step that overwrote it without having read it, as an index in the same list; null where none did. */
  erasedBy: count.nullable(),
});
export type RowStep = z.output<typeof rowStep>;

/** A row that the scenario is about: a line of the picture, its value drawn as steps. */
export const tracedRow = z.strictObject({
  table: z.string(),
  id: z.string(),
  /** The column whose value is shown. */
  column: z.string(),
  /** Null where the row came into being in the round. */
  before: cell,
  steps: z.array(rowStep),
});
export type TracedRow = z.output<typeof tracedRow>;

/** A read that was old when it was written back, and so erased what had been committed in between. */
const lostUpdate = z.strictObject({
  kind: z.literal('lost update'),
  text: z.string(),
  row: rowIndex,
  /** The lane that read, thought, and wrote. */
  lane: laneIndex,
  readStatement: statementIndex,
  readUs: micros,
  readValue: cell,
  /** The steps of the row that it missed and erased, as indexes in `steps`; at least one. */
  erasedSteps: z.array(count).min(1),
  writeStatement: statementIndex,
  writeUs: micros,
  /** The step that it made. */
  step: count,
  /** What the erased steps had changed, summed: "100.00" was lost, "-100.00" was made. Null without amounts. */
  amount: decimal.nullable(),
});

/** Sessions that waited for each other in a circle, until the server ended one of them (40P01). */
const deadlock = z.strictObject({
  kind: z.literal('deadlock'),
  text: z.string(),
  /** The lane that was ended. */
  lane: laneIndex,
  statement: statementIndex,
  atUs: micros,
  /** As the server tells it: each waits for the next, the last for the first. */
  loop: z.array(z.strictObject({ lane: laneIndex, statement: statementIndex.nullable(), waitsFor: laneIndex })),
});

/** Several callers were each told that they had made, or were given, what there can be only one of. */
const duplicate = z.strictObject({
  kind: z.literal('duplicate'),
  text: z.string(),
  lanes: z.array(laneIndex).min(2),
  rows: z.array(rowIndex),
});

/** A rule about several rows is broken although none of the writers erased another's change. */
const brokenRule = z.strictObject({
  kind: z.literal('write skew'),
  text: z.string(),
  lanes: z.array(laneIndex),
  rows: z.array(rowIndex),
  /** What the rule is about, as it came out. */
  value: decimal,
});

export const finding = z.discriminatedUnion('kind', [lostUpdate, deadlock, duplicate, brokenRule]);
export type Finding = z.output<typeof finding>;

/** Everything that is known of one round. */
export const roundTrace = z.strictObject({
  /** From 1 on. */
  round: z.int().positive(),
  /** From the start to the last answer. */
  durationUs: micros,
  /** First the callers by their number, then the sessions of the engine. */
  lanes: z.array(lane),
  rows: z.array(tracedRow),
  statements: z.array(statement),
  locks: z.array(heldLock),
  waits: z.array(lockWait),
  findings: z.array(finding),
});
export type RoundTrace = z.output<typeof roundTrace>;

/** What should have come out of a round, and what did. */
export const roundVerdict = z.strictObject({
  /** For people: "1000.00", "one id for all". */
  expected: z.string(),
  cameOut: z.string(),
  /** What callers were told they had added and is not there, in the scenario's unit. */
  lost: decimal,
  /** What is there without anyone having been told that it was added. */
  made: decimal,
  /** How many too many there are of what there can be only one of. */
  duplicates: count,
  /** What is wrong, in a sentence; null where it came out as it should. */
  problem: z.string().nullable(),
});
export type RoundVerdict = z.output<typeof roundVerdict>;

/** A strategy's rounds together. */
export const strategyResult = z.strictObject({
  strategy: z.string(),
  /** How many were played; fewer than asked for where the time ran out. */
  rounds: count,
  /** How many of them came out wrong. */
  brokenRounds: count,
  lost: decimal,
  made: decimal,
  duplicates: count,
  /** How often a commit was overwritten by one that had not read it. */
  lostUpdates: count,
  done: count,
  refused: count,
  failed: count,
  /** Statements that the server refused, by SQLSTATE: 40P01, 40001, 55P03, 23505, ... */
  sqlStates: z.record(z.string(), count),
  retries: count,
  /** Statements that waited for a lock, as far as the sampler saw them, and for how long together. */
  lockWaits: count,
  lockWaitMs: z.number(),
  /** Answers `done` by the time of all rounds; think time is in it. */
  operationsPerSecond: z.number(),
  /** Of all answers, from the start of their round. */
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** Of the round that is shown: the first that went wrong, else one in which something was found, else the first. */
  verdict: roundVerdict,
  trace: roundTrace,
});
export type StrategyResult = z.output<typeof strategyResult>;

export const runResult = z.strictObject({
  /** Also the name of the schema that the run had: `race_lab_<id>`. */
  runId: z.string(),
  parameters: runParameters,
  startedAt: z.iso.datetime({ precision: 3 }),
  tookMs: z.number(),
  serverVersion: z.string(),
  /** How many sessions the callers of a round shared. */
  sessions: count,
  /** What `lost`, `made` and `amount` count: "USD", "points". */
  unit: z.string(),
  strategies: z.array(strategyResult),
});
export type RunResult = z.output<typeof runResult>;

/** A line of the stream in which a run is answered: progress, and at the end its result or why there is none. */
export const runMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('started'), runId: z.string(), parameters: runParameters }),
  /** A round is over. Its answers stand in the order in which they came. */
  z.strictObject({
    type: z.literal('round'),
    strategy: z.string(),
    round: z.int().positive(),
    rounds: z.int().positive(),
    verdict: roundVerdict,
    answers: z.array(callerAnswer),
  }),
  z.strictObject({ type: z.literal('result'), result: runResult }),
  z.strictObject({ type: z.literal('failed'), detail: z.string() }),
]);
export type RunMessage = z.output<typeof runMessage>;
