import { type AmountChange, changeAmounts, enoughFor, judgeAmounts } from '../amount-changes.ts';
import { engineMovement } from '../engine-movement.ts';
import type { Scenario } from '../scenario.ts';

/** One row that all want: half of the callers pay in, half pay out, so that nothing should change. */
export const jointAccount: Scenario = {
  name: 'joint-account',
  title: 'The joint account',
  summary: 'The earner deposits 100.00 and the spender withdraws 100.00, both again and again, all at once.',
  kind: 'change',
  callers: 10,
  tables: [{ name: 'accounts', columns: 'id text primary key, balance numeric(22, 2) not null', shows: 'balance' }],
  // All come to the rows in one order anyway.
  without: ['for-update-arrival'],
  fill: (callers) => `insert into accounts (id, balance) values ('A', ${enoughFor(callers)})`,
  balances: (callers) => ({ A: enoughFor(callers) }),
  play(caller, _callers, accounts) {
    const { work, told } = changeAmounts(changesOf(caller));
    const operation = accounts && engineMovement(accounts, changesOf(caller));
    return {
      kind: 'change',
      name: isEarner(caller) ? 'earner deposits 100.00' : 'spender withdraws 100.00',
      work: { ...work, operation },
      told: () => told() || (isEarner(caller) ? 'deposited 100.00' : 'withdrew 100.00'),
    };
  },
  judge: (outcome) => judgeAmounts(outcome, { A: enoughFor(outcome.callers) }, changesOf),
};

function isEarner(caller: number): boolean {
  return caller % 2 === 0;
}

function changesOf(caller: number): AmountChange[] {
  return [{ table: 'accounts', id: 'A', column: 'balance', by: isEarner(caller) ? '100.00' : '-100.00' }];
}
