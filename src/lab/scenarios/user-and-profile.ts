import { type AmountChange, changeAmounts, judgeAmounts } from '../amount-changes.ts';
import type { Scenario } from '../scenario.ts';

/** Two programs that know the same two rows, and come to them from different sides. */
export const userAndProfile: Scenario = {
  name: 'user-and-profile',
  title: 'User and profile',
  summary: 'A user and its profile both hold its credit. One program begins at the user, the other at the profile.',
  kind: 'change',
  callers: 2,
  tables: [
    { name: 'profiles', columns: 'id text primary key, credit numeric(22, 2) not null', shows: 'credit' },
    { name: 'users', columns: 'id text primary key, credit numeric(22, 2) not null', shows: 'credit' },
  ],
  fill: () =>
    "insert into users (id, credit) values ('user', 50); insert into profiles (id, credit) values ('profile', 50)",
  play(caller) {
    const { work, told } = changeAmounts(changesOf(caller));
    return {
      kind: 'change',
      name: `adds 10.00 to ${changesOf(caller)[0]!.id} and ${changesOf(caller)[1]!.id}`,
      work: { ...work, operation: undefined },
      told: () => told() || 'added 10.00 to both',
    };
  },
  judge: (outcome) => judgeAmounts(outcome, { user: '50.00', profile: '50.00' }, changesOf),
};

function changesOf(caller: number): AmountChange[] {
  const both = [
    { table: 'users', id: 'user', column: 'credit', by: '10.00' },
    { table: 'profiles', id: 'profile', column: 'credit', by: '10.00' },
  ];
  return caller % 2 === 0 ? both : both.reverse();
}
