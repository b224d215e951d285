/** Something that one waits with: gone once the connection is. */
interface Waiter {
  readonly destroyed: boolean;
  once(event: 'close', listener: () => void): unknown;
}

/**
 * Lets so many requests of one name be worked on at once; the others wait, in the order in which they came, and those
 * whose connection has gone meanwhile are passed over.
 */
export class Turns {
  readonly #busy = new Map<string, number>();
  readonly #waiting = new Map<string, Array<{ waiter: Waiter; begin: () => void }>>();

  /** How many of this name wait. */
  waiting(name: string): number {
    return this.#waiting.get(name)?.length ?? 0;
  }

  /**
   * Calls `begin` once it is the waiter's turn: at once where there is room. The turn lasts until its connection, or
   * its answer, is closed.
   */
  take(name: string, most: number, waiter: Waiter, begin: () => void): void {
    if (waiter.destroyed) return;
    const busy = this.#busy.get(name) ?? 0;
    if (busy < most) {
      this.#begin(name, busy, waiter, begin);
      return;
    }
    const queue = this.#waiting.get(name) ?? [];
    this.#waiting.set(name, queue);
    const place = { waiter, begin };
    queue.push(place);
    waiter.once('close', () => {
      const index = queue.indexOf(place);
      if (index >= 0) queue.splice(index, 1);
      if (queue.length === 0 && this.#waiting.get(name) === queue) this.#waiting.delete(name);
    });
  }

  #begin(name: string, busy: number, waiter: Waiter, begin: () => void): void {
    this.#busy.set(name, busy + 1);
    waiter.once('close', () => this.#end(name));
    begin();
  }

  #end(name: string): void {
    const busy = this.#busy.get(name)! - 1;
    if (busy === 0) this.#busy.delete(name);
    else this.#busy.set(name, busy);
    const queue = this.#waiting.get(name);
    const next = queue?.shift();
    if (queue?.length === 0) this.#waiting.delete(name);
    if (next !== undefined) this.#begin(name, this.#busy.get(name) ?? 0, next.waiter, next.begin);
  }
}
