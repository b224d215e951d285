/** What an API key can be for. A key has one or more of these, from when it is made on. */
export const scopes = [
  /** Reads accounts and all that hangs off them. */
  'accounts:read',
  /** Opens, changes and closes accounts; parties, holders, mandates, restrictions. */
  'accounts:manage',
  /** Moves money as a party's act. */
  'movements:write',
  /** Acts for nobody: outside of rights, limits and mandates. */
  'movements:unsigned',
  /** Signs; projects and proposals. */
  'approvals:write',
  'holds:write',
  'standing-orders:write',
  'events:read',
  'webhooks:manage',
  'keys:manage',
  /** Sees what workers could not do, and reads the audit trail. */
  'operate',
] as const;

export type Scope = (typeof scopes)[number];

/** What is given by default: not what walks round the signatures of an account, and not what makes other keys. */
export const scopesByDefault: readonly Scope[] = scopes.filter(
  (scope) => scope !== 'movements:unsigned' && scope !== 'keys:manage',
);
