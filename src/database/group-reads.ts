import type { Knex } from 'knex';
import type { LedgerSource } from './ledger-transaction.ts';

/** Answers what was found of these ids, by id, as it is at one moment. */
export type ReadByIds<Found> = (source: LedgerSource, ids: readonly string[]) => Promise<ReadonlyMap<string, Found>>;

interface Reader<Found> {
  readonly ids: readonly string[];
  readonly resolve: (found: ReadonlyMap<string, Found>) => void;
  readonly reject: (error: unknown) => void;
}

/** Those that wait to read in one ledger. */
interface Queue<Found> {
  waiting: Reader<Found>[];
  running: number;
  isScheduled: boolean;
}

/** So many statements at once for a ledger: the next one gathers its readers while these are on their way. */
const statementsAtOnce = 2;
/** More ids make a statement slower in proportion. */
const maxIds = 200;

/**
 * Reads that come together share one statement, as writes share a transaction (docs/adr/0037): those that arrive while
 * statements are on their way wait for the next one. It is sent after they came, so each sees what was committed before
 * it asked. All ids of one reader are read by one statement, at one moment. Not for transactions, which read what is of
 * their own moment.
 *
 * What was found is the same for all who asked for it and must not be changed. When a statement fails, it fails for
 * those who wait for the next one, too.
 *
 * @param find Reads all of them in one statement; in several only what never changes.
 *
 * @example
 * const readAccounts = groupReads((source, ids) => findAccountsById(source, ids));
 * const account = (await readAccounts({ knex: database, ledgerId }, [accountId])).get(accountId);
 */
export function groupReads<Found>(find: ReadByIds<Found>): ReadByIds<Found> {
  const queues = new WeakMap<Knex, Map<string, Queue<Found>>>();

  function queueOf({ knex, ledgerId }: LedgerSource): Queue<Found> {
    const ofDatabase = queues.get(knex) ?? new Map<string, Queue<Found>>();
    queues.set(knex, ofDatabase);
    const queue = ofDatabase.get(ledgerId) ?? { waiting: [], running: 0, isScheduled: false };
    ofDatabase.set(ledgerId, queue);
    return queue;
  }

  function start(source: LedgerSource, queue: Queue<Found>): void {
    while (queue.waiting.length > 0 && queue.running < statementsAtOnce) {
      const readers = takeReaders(queue);
      queue.running++;
      void answer(source, readers).finally(() => {
        queue.running--;
        if (queue.waiting.length > 0) start(source, queue);
        else if (queue.running === 0) queues.get(source.knex)?.delete(source.ledgerId);
      });
    }
  }

  async function answer(source: LedgerSource, readers: readonly Reader<Found>[]): Promise<void> {
    try {
      const found = await find(source, [...new Set(readers.flatMap(({ ids }) => ids))]);
      for (const reader of readers) reader.resolve(found);
    } catch (error) {
      // Those who wait would meet the same, one statement after another.
      const waiting = queueOf(source).waiting.splice(0);
      for (const reader of [...readers, ...waiting]) reader.reject(error);
    }
  }

  return (source, ids) =>
    new Promise((resolve, reject) => {
      const queue = queueOf(source);
      queue.waiting.push({ ids, resolve, reject });
      if (queue.isScheduled) return;
      queue.isScheduled = true;
      // At the end of this turn of the event loop: requests that arrived in one read of the sockets go together.
      setImmediate(() => {
        queue.isScheduled = false;
        start(source, queue);
      });
    });
}

/** Those who have waited longest, as many as fit into one statement, one at least. */
function takeReaders<Found>(queue: Queue<Found>): Reader<Found>[] {
  let count = 0;
  const full = queue.waiting.findIndex(({ ids }, place) => {
    count += ids.length;
    return place > 0 && count > maxIds;
  });
  return queue.waiting.splice(0, full === -1 ? queue.waiting.length : full);
}
