import { judgeCount } from '../amount-changes.ts';
import type { Scenario } from '../scenario.ts';
import { Refused } from '../strategy.ts';

/** A decision that can be made only once. */
export const twoProposals: Scenario = {
  name: 'two-proposals',
  title: 'Two proposals, two managers',
  summary: 'A project takes one proposal. Each manager accepts another one, at the same time.',
  kind: 'change',
  callers: 2,
  tables: [{ name: 'projects', columns: 'id text primary key, accepted text', shows: 'accepted' }],
  // All come to the rows in one order anyway.
  without: ['for-update-arrival'],
  fill: () => "insert into projects (id) values ('project')",
  play(caller) {
    const proposal = `proposal ${caller + 1}`;
    const project = { table: 'projects', id: 'project' };
    return {
      kind: 'change',
      name: `accepts ${proposal}`,
      work: {
        rows: [project],
        decide([read]) {
          if (read!.accepted !== null) throw new Refused(409, `${read!.accepted} was accepted already`);
          return [{ ...project, accepted: proposal }];
        },
        atOnce: [{ ...project, column: 'accepted', to: `'${proposal}'`, onlyIf: 'accepted is null' }],
        operation: undefined,
      },
      told: () => `${proposal} is accepted`,
    };
  },
  judge({ answers }) {
    const winners = answers.filter(({ outcome }) => outcome === 'done').map(({ caller }) => caller);
    const cameOut = `${winners.length} told that theirs is`;
    if (winners.length <= 1) return judgeCount('at most one accepted', cameOut, 0, []);
    const text = `${winners.length} managers were each told that their proposal is accepted.`;
    const doubled = [{ text, callers: winners, rowIds: ['project'] }];
    return judgeCount('at most one accepted', cameOut, winners.length - 1, doubled);
  },
};
