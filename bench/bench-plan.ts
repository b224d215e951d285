import type { BenchOptions } from './bench-options.ts';
import { type BookSize, growthSizes, standardSize, standingOrdersSize } from './books/book-size.ts';
import { type BenchLoad, benchLoads, type SubjectName } from './subjects/bench-subject.ts';

/** One load at one number of connections on one book: what the subjects are compared on. */
export interface Scenario {
  readonly book: BookSize;
  readonly load: BenchLoad;
  /** Of standing orders: workers. */
  readonly connections: number;
  /** In the order of odd rounds; even rounds go backwards. */
  readonly subjects: readonly SubjectName[];
}

export interface BenchPlan {
  readonly scenarios: readonly Scenario[];
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Where pgledger's SQL is. */
  readonly pgledger: string | undefined;
}

/** Turns what was asked for into what is done. */
export function createBenchPlan(options: BenchOptions): BenchPlan {
  const standard = options.quick ? quickConnections : fullConnections;
  const loads = options.only ?? benchLoads;
  const scenarios = loads.flatMap((load) => {
    const asked = options.only === undefined ? standard[load] : (standard[load] ?? fullConnections[load]);
    const connections = options[load === 'standing-orders' ? 'workers' : 'connections'] ?? asked ?? [];
    return connections.map((number) => createScenario(options, load, number));
  });
  const growth = options.large ? growthScenarios(options) : [];
  return {
    scenarios: [...scenarios, ...growth].filter((scenario) => scenario.subjects.length > 0),
    rounds: options.rounds ?? 3,
    warmUpMs: options.quick ? 500 : 1_000,
    pgledger: options.pgledger,
    measureMs: (options.seconds ?? (options.quick ? 0.8 : 5)) * 1_000,
  };
}

type ConnectionsOfLoads = Partial<Record<BenchLoad, readonly number[]>>;

const allConnections = [1, 16, 64, 256, 1_024];
const fullConnections: ConnectionsOfLoads = {
  uniform: allConnections,
  hot: allConnections,
  zipf: allConnections,
  joint: [64],
  'batches-100': [8],
  'batches-1000': [8],
  'standing-orders': [1, 2, 4],
  account: [1, 64],
  entries: [64],
  'balance-at': [64],
};
const quickConnections: ConnectionsOfLoads = {
  uniform: [1, 64],
  hot: [64],
  'batches-1000': [8],
  'standing-orders': [2],
  account: [64],
};

/** pgbench opens a session for each client, and is past its best long before the server runs out of them. */
const mostPgbenchClients = 64;
const pgbenchLoads: readonly BenchLoad[] = ['uniform', 'hot'];

function createScenario(options: BenchOptions, load: BenchLoad, connections: number): Scenario {
  if (load === 'standing-orders') {
    const subjects = (['joint-ledger', 'c'] as const).filter((name) => options.subjects?.includes(name) ?? true);
    return { book: standingOrdersSize, load, connections, subjects };
  }
  return { book: standardSize, load, connections, subjects: subjectsOf(options, load, connections) };
}

function subjectsOf(options: BenchOptions, load: BenchLoad, connections: number): SubjectName[] {
  const usual: SubjectName[] = options.quick
    ? ['joint-ledger', 'a', 'b']
    : ['joint-ledger', 'joint-ledger-2', 'a', 'b'];
  if (load === 'account') usual.push('express-echo');
  if (pgbenchLoads.includes(load)) usual.push('pgledger');
  return [...(options.subjects ?? usual)].filter((subject) => {
    if (subject === 'b' || subject === 'pgledger')
      return pgbenchLoads.includes(load) && connections <= mostPgbenchClients;
    if (subject === 'express-echo') return load === 'account';
    return subject !== 'c';
  });
}

function growthScenarios(options: BenchOptions): Scenario[] {
  const asked = options.subjects ?? ['joint-ledger', 'a'];
  const subjects = asked.filter((subject) => subject === 'joint-ledger' || subject === 'a');
  return growthSizes.map((book) => ({ book, load: 'uniform', connections: 64, subjects }));
}
