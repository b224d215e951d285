import { RefusalError } from '../errors/refusal.ts';

/**
 * How far the clocks of the database and of this machine may be apart. Machines that follow NTP stay within a second.
 */
const toleranceMs = 60_000;

/** This machine's clock. Tests set it together with the database's. */
export const machineClock = { now: (): number => Date.now() };

/**
 * The database's clock, if it can be believed. It dates what is booked, and what is booked never changes: one movement
 * dated far ahead would date all later ones of its account, so a clock that jumped must book nothing at all. The clock
 * of this machine is the witness; both would have to jump alike.
 *
 * @param askedAt This machine's clock when the database was asked; it answered after that and before now. Throws
 * RefusalError `clock_unreliable` when the two are more than a minute apart.
 */
export function trustClock(databaseNow: Date, askedAt: number): Date {
  const answeredAt = machineClock.now();
  const isTrusted = databaseNow.getTime() >= askedAt - toleranceMs && databaseNow.getTime() <= answeredAt + toleranceMs;
  if (isTrusted) return databaseNow;
  const ours = new Date(answeredAt).toISOString();
  const clocks = `The database's clock says ${databaseNow.toISOString()}, this machine's ${ours}`;
  throw new RefusalError('clock_unreliable', `${clocks}: nothing is booked until they agree.`, {
    retryAfterSeconds: 10,
  });
}
