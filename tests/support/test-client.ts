import { expect } from '@jest/globals';
import type supertest from 'supertest';
import type { Response, Test } from 'supertest';
import { problemOfAnswer } from './answer-contract.ts';

/** Of `shared-build-environment.mjs`. */
declare const loadOnce: (packageName: string) => Promise<{ default: typeof supertest }>;
const { default: request } = await loadOnce('supertest');

/** Calls the HTTP interface of a running service, wherever it runs, with a ledger's API key. */
export interface TestClient {
  get(path: string): Test;
  post(path: string, body?: object, headers?: Record<string, string>): Test;
  put(path: string, body?: object, headers?: Record<string, string>): Test;
  patch(path: string, body?: object, headers?: Record<string, string>): Test;
  delete(path: string, headers?: Record<string, string>): Test;
  createParty(name: string): Promise<string>;
  /** Opens a joint account; with `balance`, that much is deposited into it. Answers its id. */
  openAccount(options?: { currency?: string; balance?: string; overdraftLimit?: string }): Promise<string>;
  balance(accountId: string): Promise<string>;
}

/** Holds every answer against the contract of its route. */
function fitsContract({ req, status, type, body, text }: Response & { req: { method: string; path: string } }): void {
  const problem = problemOfAnswer(req.method, req.path, { status, type, body: text === '' ? undefined : body });
  if (problem !== undefined) throw new Error(problem);
}

/** @param check What every answer must stand; its route's contract unless it says otherwise. */
export function createTestClient(
  baseUrl: string,
  apiKey: string,
  check: (answer: Response) => void = fitsContract as (answer: Response) => void,
): TestClient {
  const agent = request(baseUrl);
  const authorized = (test: Test) => withoutTrace(() => test.set('Authorization', `Bearer ${apiKey}`).expect(check));
  const client: TestClient = {
    get: (path) => authorized(agent.get(path)),
    post: (path, body, headers = {}) => authorized(agent.post(path)).set(headers).send(body),
    put: (path, body, headers = {}) => authorized(agent.put(path)).set(headers).send(body),
    patch: (path, body, headers = {}) => authorized(agent.patch(path)).set(headers).send(body),
    delete: (path, headers = {}) => authorized(agent.delete(path)).set(headers),

    async createParty(name) {
      const answer = await client.post('/v1/parties', { name });
      expect(answer.status).toBe(201);
      return answer.body.id;
    },

    async openAccount({ currency = 'USD', balance, overdraftLimit = '0' } = {}) {
      const opened = await client.post('/v1/accounts', { name: 'Test', currency, ownership: 'joint', overdraftLimit });
      expect(opened.status).toBe(201);
      if (balance !== undefined) {
        const deposited = await client.post(`/v1/accounts/${opened.body.id}/deposits`, { amount: balance, currency });
        expect(deposited.status).toBe(201);
      }
      return opened.body.id;
    },

    async balance(accountId) {
      const answer = await client.get(`/v1/accounts/${accountId}`);
      expect(answer.status).toBe(200);
      return answer.body.balance;
    },
  };
  return client;
}

/** supertest notes where each check was asked for, which takes longer than most checks. */
function withoutTrace<Result>(ask: () => Result): Result {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return ask();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
