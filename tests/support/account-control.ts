import { expect } from '@jest/globals';
import type { HolderRight, LimitsDocument } from '../../src/ownership/holder.ts';
import type { TestClient } from './test-client.ts';

type Headers = Record<string, string>;

/** Who acts; left out, it is the calling service itself. */
type By = string | undefined;

/** What can be done about who holds an account and what they agreed. Each answers as the service did. */
export function controlOf(client: TestClient, account: string) {
  const path = `/v1/accounts/${account}`;
  return {
    invite: (partyId: string, fields: object = {}, headers: Headers = {}) =>
      client.post(`${path}/holders`, { partyId, ...fields }, headers),
    accept: (partyId: string, headers: Headers = {}) =>
      client.post(`${path}/holders/${partyId}/accept`, undefined, headers),
    decline: (partyId: string) => client.post(`${path}/holders/${partyId}/decline`),
    leave: (partyId: string) => client.post(`${path}/holders/${partyId}/leave`),
    bury: (partyId: string) => client.post(`${path}/holders/${partyId}/death`),
    remove: (partyId: string, by?: By) => client.post(`${path}/holders/${partyId}/remove`, { by }),
    setTerms: (
      partyId: string,
      terms: { rights: readonly HolderRight[]; limits?: Partial<LimitsDocument>; by?: By },
      headers: Headers = {},
    ) => client.put(`${path}/holders/${partyId}`, terms, headers),
    setMandate: (mandate: object, by?: By, headers: Headers = {}) =>
      client.put(`${path}/mandate`, { mandate, by }, headers),
    restrict: (fields: object = {}, headers: Headers = {}) =>
      client.post(`${path}/restrictions`, { reason: 'A card was lost', ...fields }, headers),
    withdraw: (amount: string, initiatedBy?: By, headers: Headers = {}) =>
      client.post(`${path}/withdrawals`, { amount, currency: 'USD', initiatedBy }, headers),
  };
}

export function lift(client: TestClient, restrictionId: string, by?: By, headers: Headers = {}) {
  return client.post(`/v1/restrictions/${restrictionId}/lift`, { by }, headers);
}

/** Says what a party has to say about a change or a payment order, with the hash of what it stands for now. */
export async function sign(
  client: TestClient,
  subject: `account-changes/${string}` | `payment-orders/${string}`,
  party: string,
  decision: 'approve' | 'reject' = 'approve',
) {
  const { instructionHash } = (await client.get(`/v1/${subject}`)).body;
  return client.post(`/v1/${subject}/authorisations`, { by: party, decision, instructionHash });
}

export function signChange(client: TestClient, changeId: string, party: string, decision?: 'approve' | 'reject') {
  return sign(client, `account-changes/${changeId}`, party, decision);
}

export function signOrder(client: TestClient, orderId: string, party: string, decision?: 'approve' | 'reject') {
  return sign(client, `payment-orders/${orderId}`, party, decision);
}

/** The entity tag, and what it is made of, of an account as it stands. */
export async function readTag(client: TestClient, account: string) {
  const { status, headers, body } = await client.get(`/v1/accounts/${account}`);
  expect(status).toBe(200);
  return { etag: headers.etag as string, version: body.version as number, revision: body.revision as number };
}

/** "200", or status and code of what was refused. */
export function outcomeOf({ status, body }: { status: number; body: { code?: string } }): string {
  return body?.code === undefined ? `${status}` : `${status} ${body.code}`;
}
