import { Money } from '../../money/money.ts';
import { type AmountChange, currency, judgeAmounts } from '../amount-changes.ts';
import type { Judgement, Scenario } from '../scenario.ts';
import { Refused } from '../strategy.ts';

const withdrawn = '150.00';
const start = { A: '100.00', B: '100.00' };

/** Each caller reads both rows and writes one: a rule that no single row can keep. */
export const writeSkew: Scenario = {
  name: 'write-skew',
  title: 'Write skew',
  summary: 'Two accounts may not fall below zero together. From each 150.00 is withdrawn, at the same time.',
  kind: 'change',
  callers: 2,
  tables: [{ name: 'accounts', columns: 'id text primary key, balance numeric(22, 2) not null', shows: 'balance' }],
  // All come to the rows in one order anyway.
  without: ['for-update-arrival'],
  fill: () => "insert into accounts (id, balance) values ('A', 100.00), ('B', 100.00)",
  play(caller) {
    const own = ownAccount(caller);
    let told = `withdrew ${withdrawn} from ${own}`;
    return {
      kind: 'change',
      name: `withdraws ${withdrawn} from ${own}`,
      work: {
        rows: [
          { table: 'accounts', id: 'A' },
          { table: 'accounts', id: 'B' },
        ],
        decide(read) {
          const balances = read.map(({ balance }) => Money.fromDatabase(balance as string, currency));
          const together = balances.reduce((sum, balance) => sum.plus(balance));
          if (together.minus(amount()).isNegative()) throw new Refused(422, `${together} together is not enough`);
          const after = balances[read.findIndex(({ id }) => id === own)]!.minus(amount()).toString();
          told = `${own} ${after}`;
          return [{ table: 'accounts', id: own, balance: after }];
        },
        atOnce: [
          {
            ...{ table: 'accounts', id: own, column: 'balance', to: `balance - ${withdrawn}` },
            onlyIf: `(select sum(balance) from accounts) - ${withdrawn} >= 0`,
          },
        ],
        operation: undefined,
      },
      told: () => told,
    };
  },
  judge(outcome): Judgement {
    const judged = judgeAmounts(outcome, start, changesOf).verdict;
    const sum = outcome.values.reduce(
      (all, { value }) => all.plus(Money.fromDatabase(value!, currency)),
      Money.zero(currency),
    );
    const verdict = { ...judged, expected: 'together 0.00 or more', cameOut: `${judged.cameOut}, together ${sum}` };
    if (!sum.isNegative()) return { verdict, doubled: [], skew: null };
    const text = `The accounts are at ${sum} together, and may not be below zero.`;
    const callers = outcome.answers.filter((answer) => answer.outcome === 'done').map(({ caller }) => caller);
    const problem = [verdict.problem ?? [], `${sum} together`].flat().join(', ');
    return { verdict: { ...verdict, problem }, doubled: [], skew: { text, value: sum.toString(), callers } };
  },
};

function ownAccount(caller: number): 'A' | 'B' {
  return caller % 2 === 0 ? 'A' : 'B';
}

function amount(): Money {
  return Money.parse(withdrawn, currency);
}

function changesOf(caller: number): AmountChange[] {
  return [{ table: 'accounts', id: ownAccount(caller), column: 'balance', by: `-${withdrawn}` }];
}
