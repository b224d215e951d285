import { type AmountChange, changeAmounts, enoughFor, judgeAmounts } from '../amount-changes.ts';
import { engineMovement } from '../engine-movement.ts';
import type { Scenario } from '../scenario.ts';

/** Two rows, wanted in both orders. */
export const transfersBothWays: Scenario = {
  name: 'transfers-both-ways',
  title: 'Transfers both ways',
  summary: 'Half of the callers move 100.00 from A to B, half from B to A.',
  kind: 'change',
  callers: 10,
  tables: [{ name: 'accounts', columns: 'id text primary key, balance numeric(22, 2) not null', shows: 'balance' }],
  fill: (callers) =>
    `insert into accounts (id, balance) values ('A', ${enoughFor(callers)}), ('B', ${enoughFor(callers)})`,
  balances: (callers) => ({ A: enoughFor(callers), B: enoughFor(callers) }),
  play(caller, _callers, accounts) {
    const { work, told } = changeAmounts(changesOf(caller));
    const operation = accounts && engineMovement(accounts, changesOf(caller));
    const [from, to] = wayOf(caller);
    return {
      kind: 'change',
      name: `moves 100.00 from ${from} to ${to}`,
      work: { ...work, operation },
      told: () => told() || `moved 100.00 from ${from} to ${to}`,
    };
  },
  judge: (outcome) =>
    judgeAmounts(outcome, { A: enoughFor(outcome.callers), B: enoughFor(outcome.callers) }, changesOf),
};

function wayOf(caller: number): [string, string] {
  return caller % 2 === 0 ? ['A', 'B'] : ['B', 'A'];
}

function changesOf(caller: number): AmountChange[] {
  const [from, to] = wayOf(caller);
  const account = { table: 'accounts', column: 'balance' };
  return [
    { ...account, id: from, by: '-100.00' },
    { ...account, id: to, by: '100.00' },
  ];
}
