import { z } from 'zod';
import { type ErrorCode, errorTitles } from '../errors/error-catalogue.ts';
import { describeRetry } from '../errors/error-retries.ts';
import { RefusalError } from '../errors/refusal.ts';
import { metricsMediaType } from '../metrics/service-metrics.ts';
import { problemStatus } from './problem-status.ts';
import { ok } from './reply.ts';
import { get, type Route } from './route.ts';
import type { HealthParts } from './service-parts.ts';

/** Probes and collectors add what they like to an address; that must not make a process look ill. */
const common = { keys: 'none', query: z.looseObject({}) } as const;

/** What may stand on a port of its own. */
export const operatorPaths: readonly string[] = ['/healthz', '/readyz', '/metrics'];

/** What operators and curious callers ask without a key: liveness, readiness, metrics, and the list of error codes. */
export const healthRoutes: readonly Route<HealthParts>[] = [
  get(
    '/healthz',
    {
      id: 'getHealth',
      summary: 'Ask whether the process is alive',
      ...{ ...common, answers: { 200: z.strictObject({ status: z.literal('ok') }) } },
    },
    async () => ok({ status: 'ok' }),
  ),
  get(
    '/readyz',
    {
      id: 'getReadiness',
      summary: 'Ask whether the process can do its work',
      ...{ ...common, answers: { 200: z.strictObject({ status: z.literal('ready') }) }, refusals: ['not_ready'] },
    },
    async (_call, { readiness, draining, workerProblem }: HealthParts) => {
      if (draining.aborted) throw notReady('The process is shutting down.');
      const problem = (await readiness.problem()) ?? workerProblem();
      if (problem !== undefined) throw notReady(problem);
      return ok({ status: 'ready' });
    },
  ),
  get(
    '/metrics',
    {
      id: 'getMetrics',
      summary: 'Read what Prometheus collects',
      ...{ ...common, answers: { 200: z.string() }, mediaType: metricsMediaType },
    },
    async (_call, { readMetrics }: HealthParts) => ok(await readMetrics()),
  ),
  get(
    '/errors',
    {
      summary: 'Read the list of error codes, as a page',
      ...{ ...common, answers: { 200: z.string() }, mediaType: 'text/html; charset=utf-8' },
    },
    async () => ok(errorPage()),
  ),
];

function notReady(detail: string): RefusalError {
  return new RefusalError('not_ready', detail, { retryAfterSeconds: 1 });
}

/** The `type` of every problem document points here, at its code. */
function errorPage(): string {
  const codes = Object.keys(errorTitles) as ErrorCode[];
  const items = codes.map(
    (code) =>
      `<dt id="${code}">${code} (${problemStatus[code]})</dt><dd>${errorTitles[code]}. ${describeRetry(code)}</dd>`,
  );
  const head = '<!doctype html><html lang="en"><title>Error codes</title>';
  return `${head}<h1>Error codes</h1><dl>${items.join('\n')}</dl></html>`;
}
