/** How much a book has in it when measuring begins. */
export interface BookSize {
  readonly name: string;
  readonly accounts: number;
  /** Two of them for each account's first deposit, the rest from transfers. */
  readonly entries: number;
}

/** The book of all ordinary rows. */
export const standardSize: BookSize = { name: 'standard', accounts: 1_000, entries: 10_000 };

/** The book of standing orders: so many accounts that as many orders as are due have two to themselves. */
export const standingOrdersSize: BookSize = { name: 'standing-orders', accounts: 20_000, entries: 40_000 };

/**
 * The books that show how cost grows. The first two of them differ in nothing but the number of entries, the others
 * only in the number of accounts, with nothing in their past but the first deposit.
 */
export const growthSizes: readonly BookSize[] = [
  { name: '10-thousand-entries', accounts: 1_000, entries: 10_000 },
  { name: '10-million-entries', accounts: 1_000, entries: 10_000_000 },
  { name: '1-thousand-accounts', accounts: 1_000, entries: 2_000 },
  { name: '100-thousand-accounts', accounts: 100_000, entries: 200_000 },
  { name: '1-million-accounts', accounts: 1_000_000, entries: 2_000_000 },
];
