import type { Router } from 'express';
import { type ErrorCode, errorTitles } from '../errors/error-catalogue.ts';
import { RefusalError } from '../errors/refusal.ts';
import { metricsMediaType } from '../metrics/service-metrics.ts';
import { createRouter } from './create-router.ts';
import { methodNotAllowed } from './problem.ts';
import { problemStatus } from './problem-status.ts';
import type { HealthParts } from './service-parts.ts';

/** What operators and curious callers ask without a key: liveness, readiness, metrics, and the list of error codes. */
export function healthRoutes({ readiness, draining, readMetrics, workerProblem }: HealthParts): Router {
  const router = createRouter();

  router
    .route('/healthz')
    .get((_req, res) => {
      res.json({ status: 'ok' });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/readyz')
    .get(async (_req, res) => {
      if (draining.aborted) throw notReady('The process is shutting down.');
      const problem = (await readiness.problem()) ?? workerProblem();
      if (problem !== undefined) throw notReady(problem);
      res.json({ status: 'ready' });
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/metrics')
    .get(async (_req, res) => {
      res.type(metricsMediaType).send(await readMetrics());
    })
    .all(methodNotAllowed('GET'));

  router
    .route('/errors')
    .get((_req, res) => {
      res.type('html').send(errorPage());
    })
    .all(methodNotAllowed('GET'));

  return router;
}

function notReady(detail: string): RefusalError {
  return new RefusalError('not_ready', detail, { retryAfterSeconds: 1 });
}

/** The `type` of every problem document points here, at its code. */
function errorPage(): string {
  const codes = Object.keys(errorTitles) as ErrorCode[];
  const items = codes.map(
    (code) => `<dt id="${code}">${code} (${problemStatus[code]})</dt><dd>${errorTitles[code]}</dd>`,
  );
  const head = '<!doctype html><html lang="en"><title>Error codes</title>';
  return `${head}<h1>Error codes</h1><dl>${items.join('\n')}</dl></html>`;
}
