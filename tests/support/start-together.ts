/**
 * Starts all callers in the same turn of the event loop and waits for all of them. Each caller gets its number. Callers
 * that sit in other processes meet at the service; what happens first there is up to chance, which is the point.
 */
export function startTogether<Result>(count: number, call: (caller: number) => PromiseLike<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, caller) => call(caller)));
}
