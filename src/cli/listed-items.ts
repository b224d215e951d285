import { InvalidArgumentError } from 'commander';
import type { NamedParameter } from './ledger-command.ts';

const mostListed = 10_000;

/** How many items of a list are printed. */
export const limitOption: Readonly<Record<string, NamedParameter>> = {
  '--limit <number>': { meaning: `how many at most, up to ${mostListed}`, otherwise: '100', read: readLimit },
};

function readLimit(text: string): string {
  if (/^[1-9]\d{0,4}$/.test(text) && Number.parseInt(text, 10) <= mostListed) return text;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${mostListed}.`);
}

/** So many items of a list, and what to say about the rest. */
export async function listItems<Item>(
  list: AsyncIterable<Item>,
  limit: string,
  describe: (item: Item) => string,
): Promise<{ text: string; json: readonly Item[] }> {
  const most = Number.parseInt(limit, 10);
  const items: Item[] = [];
  let note = '';
  for await (const item of list) {
    if (items.length === most) {
      note = `\nThere are more than ${most}: see --limit.`;
      break;
    }
    items.push(item);
  }
  return { text: items.length === 0 ? 'There are none.' : `${items.map(describe).join('\n')}${note}`, json: items };
}
