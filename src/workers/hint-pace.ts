/** Some hints go out at once, so that one movement reaches all that wait in a chain; many in a row are thinned out. */
const everyMs = 100;
const atOnce = 4;

/**
 * Answers how long the next hint is to wait: not at all for the first few, then so that they come `everyMs` apart in
 * the long run (the generic cell rate algorithm, ITU-T I.371).
 */
export function createHintPace(now: () => number = () => performance.now()): () => number {
  let expectedAt = 0;
  return () => {
    const waitMs = Math.max(0, expectedAt - (atOnce - 1) * everyMs - now());
    expectedAt = Math.max(expectedAt, now()) + everyMs;
    return waitMs;
  };
}
