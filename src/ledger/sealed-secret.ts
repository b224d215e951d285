import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** What secrets are encrypted with. Its name is written with what it encrypted, so that it is found again. */
export interface SecretKey {
  readonly name: string;
  /** 32 bytes in base64. */
  readonly key: string;
}

/** Plain values, because they are passed on to other processes. */
export interface SecretKeys {
  /** Null: secrets are stored in clear. */
  readonly current: SecretKey | null;
  /** Those that are only decrypted with. */
  readonly before: readonly SecretKey[];
}

/** What a secret belongs to. It is authenticated with it, so that no other row can be given the secret. */
export interface SecretPlace {
  readonly ledgerId: string;
  readonly endpointId: string;
}

/** A stored secret can't be decrypted. Its message names the key and holds nothing that is secret. */
export class SecretUnreadableError extends Error {
  override name = 'SecretUnreadableError';
}

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** Reads `<name>:<32 bytes in base64>`; undefined for anything else. */
export function parseSecretKey(text: string): SecretKey | undefined {
  const [, name, key] = /^([A-Za-z0-9_-]{1,40}):([A-Za-z0-9+/]{43}=)$/.exec(text.trim()) ?? [];
  if (name === undefined || key === undefined) return undefined;
  return { name, key };
}

/** Makes up a key, with a name that no other one has. */
export function createSecretKey(): SecretKey {
  return { name: `made-${randomBytes(6).toString('hex')}`, key: randomBytes(keyBytes).toString('base64') };
}

/** A secret as it is stored: `v1:<key's name>:<nonce, ciphertext and tag in base64>`, or in clear without a key. */
export function sealSecret({ current }: SecretKeys, secret: string, place: SecretPlace): string {
  if (current === null) return secret;
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, Buffer.from(current.key, 'base64'), nonce, { authTagLength: tagBytes });
  cipher.setAAD(authenticated(place));
  const bytes = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${sealedPrefix}${current.name}:${bytes.toString('base64')}`;
}

/** No secret begins like this in clear: those have `whsec_` in front. */
const sealedPrefix = 'v1:';

/**
 * The secret that was stored; what earlier builds stored in clear is the secret itself. Throws SecretUnreadableError
 * where its key is not among these, or it was not stored with this key at this place.
 */
export function openSecret(keys: SecretKeys, stored: string, place: SecretPlace): string {
  const name = keyNameOf(stored);
  if (name === undefined) return stored;
  const known = [keys.current, ...keys.before].find((key) => key?.name === name);
  if (!known) {
    const remedy = 'It must be SECRETS_KEY or one of SECRETS_KEYS_BEFORE.';
    throw new SecretUnreadableError(
      `The secret is encrypted with the key "${name}", which is not known here. ${remedy}`,
    );
  }
  const bytes = Buffer.from(stored.slice(sealedPrefix.length + name.length + 1), 'base64');
  const nonce = bytes.subarray(0, nonceBytes);
  try {
    const key = Buffer.from(known.key, 'base64');
    const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(authenticated(place));
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    return decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8');
  } catch (cause) {
    const reason = 'This is another key of the same name, or the secret was altered.';
    throw new SecretUnreadableError(`The secret can't be decrypted with the key "${name}". ${reason}`, { cause });
  }
}

/** The name of the key that a stored secret is encrypted with; undefined for one in clear. */
export function keyNameOf(stored: string): string | undefined {
  return stored.startsWith(sealedPrefix) ? stored.split(':')[1] : undefined;
}

function authenticated({ ledgerId, endpointId }: SecretPlace): Buffer {
  return Buffer.from(`${ledgerId}/${endpointId}`);
}
