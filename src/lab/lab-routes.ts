import { once } from 'node:events';
import { ok } from '../http/reply.ts';
import { get, post, type Route } from '../http/route.ts';
import { labCatalogue, readCatalogue } from './lab-catalogue.ts';
import { labPageRoutes } from './lab-page.ts';
import { BrokenRunError } from './process-group.ts';
import { runLab } from './run-lab.ts';
import { completeParameters, runRequest } from './run-request.ts';
import { type RunMessage, runMessage } from './run-result.ts';
import { claimLab } from './run-schema.ts';

/** How long a caller may take to take a result in. */
const takenInMs = 60_000;

/** What the routes of the lab need to know beyond what all routes are given. */
export interface LabSettings {
  /** The lab opens sessions of its own. */
  readonly databaseUrl: string;
}

/**
 * The race lab. The process keeps nothing of a run: it lives as long as its answer, so any process may get any request,
 * and who hangs up ends it.
 */
export function labRoutes({ databaseUrl }: LabSettings): readonly Route[] {
  return [
    ...labPageRoutes,
    get(
      '/lab/scenarios',
      { summary: 'List what the race lab can play', keys: 'none', answers: { 200: labCatalogue } },
      async () => ok(await readCatalogue()),
    ),
    post(
      '/lab/runs',
      {
        summary: 'Play a run of the race lab, and answer its progress and its result line by line',
        ...{ keys: 'none', sameSiteOnly: true, body: runRequest },
        ...{ answers: { 200: runMessage }, mediaType: 'application/x-ndjson' },
        refusals: ['lab_busy', 'foreign_site'],
        examples: {
          'The joint account, without and with the lock': {
            ...{ scenario: 'joint-account', strategies: ['nothing', 'for-update'], callers: 10 },
          },
        },
      },
      async ({ body }, { draining }) => {
        const parameters = completeParameters(body);
        const lab = await claimLab(databaseUrl);
        return {
          async write(to, gone) {
            const send = (message: RunMessage) => void to.write(`${JSON.stringify(message)}\n`);
            const signal = AbortSignal.any([gone, draining]);
            try {
              const result = await runLab(lab, { parameters, signal, onMessage: send });
              send({ type: 'result', result });
              // What the caller has not taken in when this ends is cut off.
              const patience = AbortSignal.any([signal, AbortSignal.timeout(takenInMs)]);
              if (to.writableNeedDrain) await once(to, 'drain', { signal: patience }).catch(() => {});
            } catch (error) {
              if (gone.aborted) return;
              const isForeseen = error instanceof BrokenRunError || draining.aborted;
              send({ type: 'failed', detail: isForeseen ? detailOf(error) : 'Something failed that should not.' });
              if (!isForeseen) throw error;
            }
          },
        };
      },
    ),
  ];
}

function detailOf(error: unknown): string {
  return error instanceof BrokenRunError ? error.message : 'The process that plays the run is shutting down.';
}
