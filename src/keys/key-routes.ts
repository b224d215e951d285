import { z } from 'zod';
import { invalidInput } from '../errors/invalid-input.ts';
import { sourceOf } from '../http/caller.ts';
import { pageOf, pageQuery, readPage } from '../http/paging.ts';
import { id, instant, line } from '../http/read-input.ts';
import { answered, ok, perform, type Reply } from '../http/reply.ts';
import { get, operation, post } from '../http/route.ts';
import { createApiKey, hashApiKey } from '../ledger/api-key.ts';
import { createId } from '../ledger/create-id.ts';
import { scopes, scopesByDefault } from '../ledger/key-scopes.ts';
import { type Answer, createOperation } from '../ledger/operation.ts';
import { machineClock } from '../ledger/trusted-clock.ts';
import { revokeKey, rotateKey } from './end-key.ts';
import { type ApiKeyDocument, apiKeyDocument, getKey, listKeys } from './key-queries.ts';
import { makeKey } from './make-key.ts';

/** A key that was made, with what is secret about it: null in the answer to the same request again. */
const madeKeyDocument = apiKeyDocument.extend({ apiKey: z.string().nullable() }).meta({ id: 'MadeApiKey' });

const params = z.object({ keyId: id });
const refusals = ['api_key_not_found'] as const;
const listQuery = z.strictObject({ ...pageQuery('asc'), partyId: id.optional() });

const keyBody = z.strictObject({
  name: line(200),
  partyId: id.nullish(),
  scopes: z.array(z.enum(scopes)).min(1).max(scopes.length).optional(),
  expiresAt: instant.nullish(),
});

const dayOfSeconds = 86_400;
const maxOverlapDays = 30;
const rotationBody = z
  .strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(maxOverlapDays * dayOfSeconds)
      .default(dayOfSeconds),
  })
  .optional();

/**
 * API keys: made, listed, rotated, revoked by a key that may. What is secret about a key is answered once and kept
 * nowhere.
 */
export const keyRoutes = [
  get(
    '/api-keys',
    {
      id: 'listApiKeys',
      summary: 'List API keys, the ended ones too',
      ...{ keys: 'service', scope: 'keys:manage', query: listQuery, answers: { 200: pageOf(apiKeyDocument) } },
    },
    ({ caller, query }, { database }) =>
      readPage(query, ['api-keys'], (page) =>
        listKeys(sourceOf(caller, database), { ...page, partyId: query.partyId }),
      ),
  ),

  get(
    '/api-keys/:keyId',
    {
      id: 'getApiKey',
      summary: 'Read what is known of an API key',
      ...{ keys: 'service', scope: 'keys:manage', params, answers: { 200: apiKeyDocument }, refusals },
    },
    async ({ caller, params }, { database }) => ok(await getKey(sourceOf(caller, database), params.keyId)),
  ),

  post(
    '/api-keys',
    {
      id: 'createApiKey',
      summary: 'Make an API key, of the service or of a party',
      audited: true,
      ...{ keys: 'service', scope: 'keys:manage', offers: operation, body: keyBody, answers: { 201: madeKeyDocument } },
      refusals: ['party_not_found', 'expiry_exceeded'],
      examples: { 'For what pays wages': { name: 'Payroll', scopes: ['movements:write', 'accounts:read'] } },
    },
    async ({ caller, body, options }, { engine }) => {
      const { name, partyId = null, scopes: asked = scopesByDefault, expiresAt } = body;
      if (expiresAt != null && expiresAt.getTime() <= machineClock.now())
        throw invalidInput([{ path: 'expiresAt', message: 'must lie in the future' }]);
      const apiKey = createApiKey(caller.ledgerId);
      const terms = { name, partyId, scopes: scopes.filter((scope) => asked.includes(scope)), expiresAt };
      const command = { id: createId(), ...terms, keyHash: hashApiKey(apiKey), maker: caller };
      const answer = await engine.submit(createOperation(makeKey, command, options));
      return answerMade(answer, apiKey);
    },
  ),

  post(
    '/api-keys/:keyId/rotate',
    {
      id: 'rotateApiKey',
      summary: 'Make a key like this one, which goes on for a while',
      audited: true,
      ...{ keys: 'service', scope: 'keys:manage', offers: operation, params, body: rotationBody },
      ...{ answers: { 201: madeKeyDocument }, refusals: [...refusals, 'api_key_ended', 'expiry_exceeded'] },
      examples: { 'An hour to change over': { overlapSeconds: 3600 } },
    },
    async ({ caller, params: { keyId }, body, options }, { database, engine, wakeUp }) => {
      const apiKey = createApiKey(caller.ledgerId);
      const overlapMs = (body?.overlapSeconds ?? dayOfSeconds) * 1000;
      // Whose it is never changes.
      const { partyId } = await getKey(sourceOf(caller, database), keyId);
      const command = { id: createId(), keyId, partyId, overlapMs, keyHash: hashApiKey(apiKey), maker: caller };
      const answer = await engine.submit(createOperation(rotateKey, command, options));
      // The old one is looked for again, and with it when it ends.
      wakeUp.tell('keys');
      return answerMade(answer, apiKey);
    },
  ),

  post(
    '/api-keys/:keyId/revoke',
    {
      id: 'revokeApiKey',
      summary: 'End an API key at once',
      audited: true,
      ...{
        keys: 'service',
        scope: 'keys:manage',
        offers: operation,
        params,
        answers: { 200: apiKeyDocument },
        refusals,
      },
    },
    async ({ params: { keyId }, options }, { engine, wakeUp }) => {
      const reply = await perform(engine, createOperation(revokeKey, { keyId }, options), ok);
      wakeUp.tell('keys');
      return reply;
    },
  ),
];

/** The key itself is answered once: who asks again is told what was made. */
function answerMade(answer: Answer<ApiKeyDocument>, apiKey: string): Reply {
  return answered(answer, (made) => ({
    status: 201,
    body: { ...made, apiKey: answer.replayed ? null : apiKey },
    headers: { Location: `/v1/api-keys/${made.id}` },
  }));
}
