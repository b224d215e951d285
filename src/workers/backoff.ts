/**
 * How long to wait before another try: twice as long after each failure, up to a limit, and anything from half of that
 * to all of it, so that what failed together is not tried together.
 */
export function backoffMs(failures: number, { firstMs, maxMs }: { firstMs: number; maxMs: number }): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.max(0, failures - 1));
  return full / 2 + (Math.random() * full) / 2;
}
