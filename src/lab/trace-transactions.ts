import type { PlacedStatement, RecordedLane } from './trace-lanes.ts';

/** Statements that took effect together, or not at all: between BEGIN and its end, or one that stood by itself. */
export interface TracedTransaction {
  readonly lane: number;
  readonly statements: readonly PlacedStatement[];
  /** Whether there was a BEGIN, so that locks outlast their statement. */
  readonly isOpened: boolean;
  readonly isCommitted: boolean;
  /** When its end was known. */
  readonly endUs: number;
}

/** Cuts what a lane sent into its transactions. */
export function transactionsOf({ index, statements }: RecordedLane): TracedTransaction[] {
  const transactions: TracedTransaction[] = [];
  let open: PlacedStatement[] | undefined;
  const add = (members: readonly PlacedStatement[], isOpened: boolean) => {
    const last = members.at(-1)!;
    // A COMMIT behind a failed statement is answered with ROLLBACK.
    const isCommitted = last.sqlState === null && (!isOpened || last.command === 'COMMIT');
    transactions.push({ lane: index, statements: members, isOpened, isCommitted, endUs: last.toUs });
  };
  for (const statement of statements) {
    if (open === undefined && !isBegin(statement)) {
      add([statement], false);
      continue;
    }
    open = [...(open ?? []), statement];
    if (!/^(commit|rollback)\b/i.test(statement.sql)) continue;
    add(open, true);
    open = undefined;
  }
  if (open !== undefined) add(open, true);
  return transactions;
}

function isBegin({ sql }: PlacedStatement): boolean {
  return /^begin\b/i.test(sql);
}
