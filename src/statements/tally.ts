import type { z } from 'zod';
import { Money } from '../money/money.ts';
import type { Statement, sumDocument } from './statement.ts';

/** What came in and what went out, both above zero or zero. */
export interface Moved {
  readonly credits: Sum;
  readonly debits: Sum;
}

interface Sum {
  readonly count: number;
  readonly sum: Money;
}

/** So many parties are named by a statement. */
const maxNamed = 100;

/**
 * Who moved how much by the entries of some versions. Immutable. Of more than a hundred parties those with the least
 * ids are named, so that it makes no difference in which parts the entries are counted.
 */
export class Tally {
  readonly currency: string;
  /** By party; null is the calling service. */
  readonly by: ReadonlyMap<string | null, Moved>;
  /** What stands for nobody by name. */
  readonly others: Moved;

  private constructor(currency: string, by: ReadonlyMap<string | null, Moved>, others: Moved) {
    this.currency = currency;
    this.by = by;
    this.others = others;
  }

  static empty(currency: string): Tally {
    return new Tally(currency, new Map(), nothing(currency));
  }

  /** With this as well; `undefined` stands for nobody by name. */
  plus(partyId: string | null | undefined, moved: Moved): Tally {
    if (partyId === undefined) return new Tally(this.currency, this.by, add(this.others, moved));
    const before = this.by.get(partyId);
    const by = new Map(this.by).set(partyId, before === undefined ? moved : add(before, moved));
    const last = [...by.keys()].filter((key) => key !== null).sort()[maxNamed];
    if (last === undefined) return new Tally(this.currency, by, this.others);
    const others = add(this.others, by.get(last)!);
    by.delete(last);
    return new Tally(this.currency, by, others);
  }

  /** All of it. */
  total(): Moved {
    return [...this.by.values()].reduce(add, this.others);
  }

  /** As a statement says it: the service first, then the parties by their ids. */
  present(): Pick<Statement, 'credits' | 'debits' | 'by' | 'others'> {
    const by = [...this.by]
      .sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1))
      .map(([partyId, moved]) => ({ partyId, ...presentMoved(moved) }));
    return { ...presentMoved(this.total()), by, others: presentMoved(this.others) };
  }
}

function nothing(currency: string): Moved {
  const none = { count: 0, sum: Money.zero(currency) };
  return { credits: none, debits: none };
}

function add(a: Moved, b: Moved): Moved {
  return { credits: addSum(a.credits, b.credits), debits: addSum(a.debits, b.debits) };
}

function addSum(a: Sum, b: Sum): Sum {
  return { count: a.count + b.count, sum: a.sum.plus(b.sum) };
}

function presentMoved({ credits, debits }: Moved) {
  const present = ({ count, sum }: Sum): z.output<typeof sumDocument> => ({ count, sum: sum.toString() });
  return { credits: present(credits), debits: present(debits) };
}
