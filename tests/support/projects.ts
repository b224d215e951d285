import { expect } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { createApiKey, hashApiKey } from '../../src/ledger/api-key.ts';
import { openJointAccount } from './joint-account.ts';
import { createTestClient, type TestClient } from './test-client.ts';
import type { TestService } from './test-service.ts';

/** A joint account with holders, on which a project is open. */
export interface ProjectScene {
  readonly account: string;
  /** The parties that hold the account, in the order in which they were asked for. */
  readonly holders: string[];
  readonly project: string;
}

/** What a holder has; an owner's rights and no limits unless it says otherwise. */
export type SceneHolder = Parameters<typeof openJointAccount>[1][string];

interface SceneOptions {
  readonly holders?: readonly SceneHolder[];
  readonly mandate?: (holders: string[]) => object;
  readonly balance?: string;
}

/** Opens an account for as many new parties as there are in `holders` (two), with money on it, and a project. */
export async function openScene(
  client: TestClient,
  { holders = [{}, {}], mandate, balance = '1000.00' }: SceneOptions = {},
): Promise<ProjectScene> {
  const named = Object.fromEntries(holders.map((terms, index) => [`Holder ${index}`, terms]));
  const { id: account, party } = await openJointAccount(client, named, {
    ...(balance === '0.00' ? {} : { balance }),
    ...(mandate === undefined ? {} : { mandate: (parties) => mandate(Object.values(parties)) }),
  });
  return { account, holders: Object.values(party), project: await openProject(client, account) };
}

export async function openProject(client: TestClient, account: string, fields: object = {}): Promise<string> {
  const opened = await client.post(`/v1/accounts/${account}/projects`, { name: 'A new roof', ...fields });
  expect(opened.status).toBe(201);
  return opened.body.id;
}

/** Makes a proposal; answers its id. */
export async function propose(client: TestClient, project: string, fields: object = {}): Promise<string> {
  const body = { title: 'Slates', amount: '100.00', currency: 'USD', ...fields };
  const made = await client.post(`/v1/projects/${project}/proposals`, body);
  expect(made.status).toBe(201);
  hashes.set(made.body.id, made.body.instructionHash);
  return made.body.id;
}

/** What signers are shown of the proposals made here. */
const hashes = new Map<string, string>();

/** A party's acceptance of a proposal, as it was made. */
export function acceptanceOf(proposal: string, party: string | null | undefined) {
  return { by: party, instructionHash: hashes.get(proposal) ?? '0'.repeat(64) };
}

export function accept(
  client: TestClient,
  proposal: string,
  party: string | null | undefined,
  headers: Record<string, string> = {},
) {
  return client.post(`/v1/proposals/${proposal}/accept`, acceptanceOf(proposal, party), headers);
}

/** A client whose API key acts for this party and nobody else. */
export async function clientOf({ database, ledgerId, url }: TestService, party: string): Promise<TestClient> {
  const apiKey = createApiKey(ledgerId);
  const row = { ledger_id: ledgerId, id: uuidv7(), name: 'Bound', key_hash: hashApiKey(apiKey), party_id: party };
  await database('api_keys').insert(row);
  return createTestClient(url, apiKey);
}
