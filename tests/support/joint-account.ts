import { expect } from '@jest/globals';
import type { LimitsDocument } from '../../src/ownership/holder.ts';
import type { TestClient } from './test-client.ts';

/** What a holder has; an owner's rights and no limits unless it says otherwise. */
interface Terms {
  rights?: readonly string[];
  limits?: Partial<LimitsDocument>;
}

export interface JointAccount<Name extends string> {
  readonly id: string;
  /** The parties that hold the account, by name. */
  readonly party: Readonly<Record<Name, string>>;
}

interface JointAccountOptions<Name extends string> {
  /** What is paid into it. */
  readonly balance?: string;
  readonly mandate?: (party: Readonly<Record<Name, string>>) => object;
  /** Whatever else the account is opened with. */
  readonly [field: string]: unknown;
}

/** Opens an account in USD for new parties. */
export async function openJointAccount<Name extends string>(
  client: TestClient,
  holders: Readonly<Record<Name, Terms>>,
  { balance, mandate, ...fields }: JointAccountOptions<NoInfer<Name>> = {},
): Promise<JointAccount<Name>> {
  const names = Object.keys(holders) as Name[];
  const parties = await Promise.all(names.map(async (name) => [name, await client.createParty(name)]));
  const party: Record<Name, string> = Object.fromEntries(parties);
  const opened = await client.post('/v1/accounts', {
    ...{ name: 'Joint', currency: 'USD', ownership: 'joint' },
    ...(mandate === undefined ? {} : { mandate: mandate(party) }),
    holders: names.map((name) => ({ partyId: party[name], ...holders[name] })),
    ...fields,
  });
  expect([opened.status, opened.body.errors]).toEqual([201, undefined]);
  if (balance !== undefined) {
    const deposit = { amount: balance, currency: 'USD' };
    expect((await client.post(`/v1/accounts/${opened.body.id}/deposits`, deposit)).status).toBe(201);
  }
  return { id: opened.body.id, party };
}
