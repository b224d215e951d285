/** Everything that the bench has started and must stop, whatever happens; the last started is the first stopped. */
export class StopList {
  readonly #stops: Array<() => Promise<unknown>> = [];
  #stopping: Promise<void> | undefined;

  add(stop: () => Promise<unknown>): void {
    this.#stops.push(stop);
  }

  /** True from the moment at which things begin to end; failures after it are consequences, not causes. */
  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Stops everything, one thing after the other. One that fails doesn't keep the others running. */
  stopAll(): Promise<void> {
    this.#stopping ??= this.#stopEach();
    return this.#stopping;
  }

  async #stopEach(): Promise<void> {
    for (let stop = this.#stops.pop(); stop !== undefined; stop = this.#stops.pop()) {
      await stop().catch((error: Error) => process.stderr.write(`bench: while stopping: ${error.message}\n`));
    }
  }
}
