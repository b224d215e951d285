import { type Occurrence, occurrencesAfter, type Schedule } from './schedule.ts';

/**
 * What becomes of occurrences that were not executed when they were due, because no worker ran: `all` are executed in
 * order; `latest` executes the last of them; `none` executes those that are at most 24 hours late.
 */
export const catchUpRules = ['all', 'latest', 'none'] as const;

export type CatchUpRule = (typeof catchUpRules)[number];

export interface CatchUp {
  /** To be noted as missed, in this order, before anything is executed. */
  readonly missed: readonly Occurrence[];
  /** The one to be executed next, at its due time, which may have passed; undefined when there is none left. */
  readonly next: Occurrence | undefined;
  /** More are missed than one answer holds: ask again after the last of them. Then there is no `next` yet. */
  readonly hasMore: boolean;
}

const graceMs = 24 * 3_600_000;
/** Each is written, with its event, in one transaction with the other orders of a batch. */
const maxMissed = 50;

/**
 * Which occurrence after the last one handled is next, and which are passed over. Pure; asked again with the same it
 * says the same, and the clock may jump: what was handled never comes back, and nothing is left out that is not missed.
 */
export function catchUp(
  schedule: Schedule,
  { handled, now, rule }: { handled: Date | null; now: Date; rule: CatchUpRule },
): CatchUp {
  const upcoming = occurrencesAfter(schedule, handled);
  const missed: Occurrence[] = [];
  let next = upcoming.next().value ?? undefined;
  while (next !== undefined) {
    if (rule === 'all' || next.dueAt > now) break;
    if (rule === 'none' && now.getTime() - next.dueAt.getTime() <= graceMs) break;
    const following: Occurrence | undefined = upcoming.next().value ?? undefined;
    if (rule === 'latest' && (following === undefined || following.dueAt > now)) break;
    if (missed.length === maxMissed) return { missed, next: undefined, hasMore: true };
    missed.push(next);
    next = following;
  }
  return { missed, next, hasMore: false };
}
