/** Whether all rounds of each race are played. */
export const isFull = process.env.TEST_ROUNDS === 'full';

/** With every arrangement of two callers at two services in it, which repeat after four. */
const fewest = 4;

/**
 * The numbers of the rounds of a race. What happens first in each is up to chance, so a race is run again and again:
 * `full` times when TEST_ROUNDS is `full`, which CI sets, and an eighth of it otherwise.
 *
 * With `seen`, into which the caller puts how each round ended, there are more rounds for as long as fewer than
 * `outcomes` different ends were seen: had one caller always been first, nothing would have been shown. On a busy
 * machine one of them may be rare. The caller expects afterwards that they are there, because at some time it is
 * enough.
 */
export function* roundsOf(full: number, seen?: { readonly size: number }, outcomes = 2): Generator<number, void> {
  const least = isFull ? full : Math.max(fewest, Math.ceil(full / 8));
  const goesOn = (round: number) => seen !== undefined && seen.size < outcomes && round < 10 * full;
  for (let round = 0; round < least || goesOn(round); round++) yield round;
}

/** How much of something that is not a race's round is done: `full` when TEST_ROUNDS is `full`, else `few`. */
export function manyOrFew(full: number, few: number): number {
  return isFull ? full : few;
}
