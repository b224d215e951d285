import type { Knex } from 'knex';

/** How long a list is good for: a ledger is opened now and then, and asking all nodes for theirs is dear. */
const listedForMs = 30_000;

/**
 * The ids of all ledgers. This is the one question that goes to all of them at once; what is asked of each follows from
 * its answer. While it fails, because a node is away, the last answer stands: the other ledgers go on.
 */
export class KnownLedgers {
  readonly #database: Knex;
  #ids: readonly string[] | undefined;
  #listedAt = 0;

  constructor(database: Knex) {
    this.#database = database;
  }

  /** Adds a ledger that was learned of otherwise. */
  add(ledgerId: string): void {
    if (this.#ids !== undefined && !this.#ids.includes(ledgerId)) this.#ids = [...this.#ids, ledgerId];
  }

  /** All there were half a minute ago, and those that were added since. Throws when there never was an answer. */
  async read(): Promise<readonly string[]> {
    if (this.#ids !== undefined && performance.now() - this.#listedAt < listedForMs) return this.#ids;
    this.#listedAt = performance.now();
    try {
      this.#ids = await this.#database('ledgers').orderBy('id').pluck('id');
    } catch (error) {
      if (this.#ids === undefined) throw error;
    }
    return this.#ids!;
  }
}
