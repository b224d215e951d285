import { judgeCount } from '../amount-changes.ts';
import type { Scenario } from '../scenario.ts';

/** The button that sends ten requests at once: there is no row yet that could be locked. */
export const getOrCreate: Scenario = {
  name: 'get-or-create',
  title: 'Get or create',
  summary: 'All callers want the id of the customer "Ada", who comes into being with the first of them.',
  kind: 'getOrCreate',
  callers: 10,
  tables: [
    { name: 'shops', columns: 'id text primary key' },
    {
      name: 'customers',
      columns: 'id int generated always as identity primary key, shop_id text not null, name text not null',
      shows: 'name',
    },
  ],
  fill: () => "insert into shops (id) values ('shop')",
  play: () => ({ kind: 'getOrCreate', name: 'gets or creates "Ada"', work: { shopId: 'shop', name: 'Ada' } }),
  judge({ answers, values }) {
    const ids = values.map(({ id }) => id);
    const count = ids.length === 1 ? 'one customer' : `${ids.length} customers`;
    if (ids.length <= 1) return judgeCount('one customer', count, 0, []);
    const callers = answers.filter(({ outcome }) => outcome === 'done').map(({ caller }) => caller);
    const text = `There are ${ids.length} customers called "Ada": ${ids.join(', ')}.`;
    return judgeCount('one customer', count, ids.length - 1, [{ text, callers, rowIds: ids }]);
  },
};
