import { Money } from '../money/money.ts';
import type { Judgement, RoundOutcome } from './scenario.ts';
import { type AtomicChange, type ChangeWork, Refused, type Row, type RowKey } from './strategy.ts';

/** All scenarios count in it. */
export const currency = 'USD';

/** An amount that a caller adds to a row; below zero it is taken away. */
export interface AmountChange extends RowKey {
  readonly column: string;
  readonly by: string;
}

/** Reads the amounts, adds, and refuses what would fall below zero. */
export function changeAmounts(changes: readonly AmountChange[]) {
  let told = '';
  const work: Pick<ChangeWork, 'rows' | 'decide' | 'atOnce'> = {
    rows: changes.map(({ table, id }) => ({ table, id })),
    decide(read) {
      const writes = changes.map(({ table, id, column, by }) => ({
        table,
        id,
        [column]: amountAfter(read, id, column, by),
      }));
      told = writes.map((write, index) => write[changes[index]!.column]).join(', ');
      return writes;
    },
    atOnce: changes.map(addAtOnce),
  };
  return { work, told: () => told };
}

function amountAfter(read: readonly Row[], id: string, column: string, by: string): string {
  const row = read.find((each) => each.id === id)!;
  const before = Money.fromDatabase(row[column] as string, currency);
  const after = before.plus(Money.parseSigned(by, currency));
  if (after.isNegative()) throw new Refused(422, `${before} is not enough`);
  return after.toString();
}

/** As SQL, with the check in it. */
export function addAtOnce({ table, id, column, by }: AmountChange): AtomicChange {
  const to = by.startsWith('-') ? `${column} - ${by.slice(1)}` : `${column} + ${by}`;
  return { table, id, column, to, onlyIf: `${to} >= 0` };
}

/** Enough for all withdrawals of 100.00 that so many callers could want. */
export function enoughFor(callers: number): string {
  return `${Math.max(1_000, 100 * callers)}.00`;
}

/**
 * Holds the amounts against what they must be: what was there before, and what each caller was told that it has added.
 *
 * @param start The amounts before the round, by the id of the row.
 */
export function judgeAmounts(
  { answers, values }: RoundOutcome,
  start: Readonly<Record<string, string>>,
  changesOf: (caller: number) => readonly AmountChange[],
): Judgement {
  const told = answers.filter(({ outcome }) => outcome === 'done').flatMap(({ caller }) => changesOf(caller));
  let [lost, made] = [Money.zero(currency), Money.zero(currency)];
  const [expected, cameOut]: [string[], string[]] = [[], []];
  for (const [id, before] of Object.entries(start)) {
    const right = told
      .filter((change) => change.id === id)
      .reduce((sum, { by }) => sum.plus(Money.parseSigned(by, currency)), Money.parseSigned(before, currency));
    const found = Money.fromDatabase(values.find((value) => value.id === id)!.value!, currency);
    const missing = right.minus(found);
    if (missing.isNegative()) made = made.minus(missing);
    else lost = lost.plus(missing);
    const name = Object.keys(start).length === 1 ? '' : `${id} `;
    expected.push(`${name}${right}`);
    cameOut.push(`${name}${found}`);
  }
  const problem = [
    lost.isZero() ? [] : `${lost} ${currency} lost`,
    made.isZero() ? [] : `${made} ${currency} made`,
  ].flat();
  return {
    verdict: {
      expected: expected.join(', '),
      cameOut: cameOut.join(', '),
      lost: lost.toString(),
      made: made.toString(),
      duplicates: 0,
      problem: problem.length === 0 ? null : problem.join(', '),
    },
    doubled: [],
    skew: null,
  };
}

/** A verdict where no amounts are counted. */
export function judgeCount(
  expected: string,
  cameOut: string,
  duplicates: number,
  doubled: Judgement['doubled'],
): Judgement {
  const problem = duplicates === 0 ? null : cameOut;
  return {
    verdict: { expected, cameOut, lost: '0.00', made: '0.00', duplicates, problem },
    doubled,
    skew: null,
  };
}
