import { z } from 'zod';

/** The bounds of what can be asked for, and the defaults. */
export const runBounds = {
  callers: { min: 1, max: 100, default: 10 },
  processes: { min: 1, max: 6, default: 2 },
  rounds: { min: 1, max: 20, default: 5 },
  thinkMs: { min: 0, max: 200, default: 20 },
} as const;

const bounded = ({ min, max }: { min: number; max: number }) => z.int().min(min).max(max);

/** What was run; a link with these reproduces it. */
export const runParameters = z.strictObject({
  scenario: z.string(),
  /** In the order in which they were played. */
  strategies: z.array(z.string()).min(1),
  callers: bounded(runBounds.callers),
  processes: bounded(runBounds.processes),
  rounds: bounded(runBounds.rounds),
  /** How long a caller thinks between reading and writing. */
  thinkMs: bounded(runBounds.thinkMs),
});
export type RunParameters = z.output<typeof runParameters>;
