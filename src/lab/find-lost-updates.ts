import { Money } from '../money/money.ts';
import { currency } from './amount-changes.ts';
import type { Cell, Finding } from './run-result.ts';
import type { PlacedStatement, RecordedLane } from './trace-lanes.ts';
import { tableOf } from './trace-locks.ts';
import type { RowHistory } from './trace-rows.ts';

type LostUpdate = Extract<Finding, { kind: 'lost update' }>;

/**
 * Finds the commits that were overwritten by lanes that had not read them: the lane's last read of the row before its
 * write had fewer changes in it than the row had when it was written. Marks the steps that were erased; a step is
 * erased once, by the first that overwrote it.
 */
export function findLostUpdates(rows: readonly RowHistory[], lanes: readonly RecordedLane[]): LostUpdate[] {
  return rows.flatMap((row, rowIndex) =>
    row.steps.flatMap((step, index) => {
      const write = lanes[step.lane]!.statements.find((each) => each.index === step.statement);
      const read = write && lastRead(lanes[step.lane]!, row, write);
      if (write === undefined || read === undefined || read.revision >= index) return [];
      const erased = row.steps.flatMap((missed, at) =>
        at >= read.revision && at < index && missed.erasedBy === null ? [at] : [],
      );
      for (const at of erased) row.steps[at]!.erasedBy = index;
      const { statement, value } = read;
      const amount = lossOf(row, index, value);
      const found: LostUpdate = {
        kind: 'lost update',
        text: sentence(lanes, row, { step: index, erased, readValue: value, amount }),
        ...{ row: rowIndex, lane: step.lane, readStatement: statement.index, readUs: statement.toUs },
        ...{ readValue: value, erasedSteps: erased, writeStatement: write.index, writeUs: write.toUs },
        ...{ step: index, amount },
      };
      return [found];
    }),
  );
}

/** The last read of the row before a write of the same lane, with how many changes the row had then. */
function lastRead(lane: RecordedLane, { table, id, column }: RowHistory, write: PlacedStatement) {
  return lane.statements
    .filter(
      (statement) => statement.index < write.index && statement.command === 'SELECT' && tableOf(statement) === table,
    )
    .flatMap((statement) =>
      statement.rows
        .filter((row) => `${row.id}` === id)
        .map((row) => ({ statement, revision: row.revision as number, value: row[column] as Cell })),
    )
    .at(-1);
}

/** What the row had gained since it was read, and loses by being overwritten: so that the losses of a row add up. */
function lossOf(row: RowHistory, index: number, readValue: Cell): string | null {
  const overwritten = row.steps[index - 1]!.value;
  if (!isAmount(overwritten) || !isAmount(readValue)) return null;
  const [gained, read] = [overwritten, readValue].map((amount) => Money.fromDatabase(amount, currency));
  return gained!.minus(read!).toString();
}

function isAmount(value: Cell): value is string {
  return typeof value === 'string' && /^-?\d+\.\d\d$/.test(value);
}

function sentence(
  lanes: readonly RecordedLane[],
  row: RowHistory,
  { step, erased, readValue, amount }: { step: number; erased: number[]; readValue: Cell; amount: string | null },
): string {
  const nameOf = (at: number) => `caller ${lanes[row.steps[at]!.lane]!.record!.caller + 1}`;
  const missed = erased.map((at) => `${row.steps[at]!.value} of ${nameOf(at)}`).join(' and ');
  const loss = amount === null ? '' : `: ${amount.startsWith('-') ? `${amount.slice(1)} made` : `${amount} lost`}`;
  return `${nameOf(step)} had read ${readValue}, missed ${missed}, and wrote ${row.steps[step]!.value}${loss}.`;
}
