import { errorTitles } from '../../src/errors/error-catalogue.ts';
import { problemStatus } from '../../src/http/problem-status.ts';
import type { Route } from '../../src/http/route.ts';
import { findRoutePattern } from '../../src/http/route-pattern.ts';
import { sharedRefusals } from '../../src/http/shared-refusals.ts';
import { routes } from './routes.ts';

const patterns = [...new Set(routes.map(({ path }) => path))];

interface SentAnswer {
  readonly status: number;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever came back.
  readonly body: any;
}

/**
 * What is wrong with an answer by the contract of its route: a status or a document that the route does not name, or a
 * refusal that is neither its own nor shared by its kind. Undefined when nothing is, or when no route was meant.
 */
export function problemOfAnswer(method: string, address: string, answer: SentAnswer): string | undefined {
  const pattern = findRoutePattern(patterns, address);
  const isHead = method === 'HEAD';
  const route = routes.find((each) => each.path === pattern && each.method.toUpperCase() === (isHead ? 'GET' : method));
  if (route === undefined) return undefined;
  const problem = isHead ? undefined : problemOf(route, answer);
  return problem && `${method} ${route.path}: ${problem}\n${JSON.stringify(answer.body)}`;
}

function problemOf(route: Route, { status, type, body }: SentAnswer): string | undefined {
  if (type === 'application/problem+json') {
    const allowed = [...sharedRefusals(route), ...(route.refusals ?? [])];
    if (!allowed.includes(body.code)) return `the contract names no refusal ${body.code}`;
    const code = body.code as keyof typeof errorTitles;
    return status === problemStatus[code] && body.title === errorTitles[code]
      ? undefined
      : 'not the document of its code';
  }
  const document = route.answers[status];
  if (document === undefined) return `the contract names no answer ${status}`;
  const mediaType = route.mediaType?.split(';')[0];
  if (mediaType !== undefined) return type === mediaType ? undefined : `${type} is not ${mediaType}`;
  const others = route.mediaTypes?.slice(1).map((each) => each.split(';')[0]);
  if (others?.includes(type)) return undefined;
  const parsed = document.safeParse(body);
  return parsed.success ? undefined : `the document does not fit its schema: ${parsed.error.message}`;
}
