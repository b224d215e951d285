import { z } from 'zod';
import { uuid } from './document-fields.ts';

/**
 * How it was made sure who asks for something: by a key that is bound to the party, by a token that the party's app was
 * issued, or by a key of the calling service, which names the party itself.
 */
export const channels = ['own_key', 'token', 'service'] as const;

export type Channel = (typeof channels)[number];

/** Evidence of who asked for something, which is kept with it. */
export interface Authentication {
  readonly channel: Channel;
  /** The API key's own id; null for a token. */
  readonly keyId: string | null;
}

/** Null where no request asked for it, and for what is older than this evidence. */
export const authenticationDocument = z
  .strictObject({ channel: z.enum(channels), keyId: uuid.nullable() })
  .meta({ id: 'Authentication' })
  .nullable();

/** Evidence as it stands in rows. */
export interface AuthenticationColumns {
  readonly channel: Authentication['channel'] | null;
  readonly key_id: string | null;
}

export function authenticationOf({ channel, key_id: keyId }: AuthenticationColumns): Authentication | null {
  return channel === null ? null : { channel, keyId };
}

export function authenticationColumns(authentication: Authentication | null): AuthenticationColumns {
  return { channel: authentication?.channel ?? null, key_id: authentication?.keyId ?? null };
}
