import { isTransientConflict } from '../../database/sqlstate.ts';

/** Runs a whole transaction again for as long as the server refuses it with 40001, or ends it in a deadlock (40P01). */
export async function retryRefused<Result>(
  { again }: { again(): Promise<void> },
  request: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!isTransientConflict(error)) throw error;
      await again();
    }
  }
}
