import path from 'node:path';
import type { Config } from '../config.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { createSecretKey, parseSecretKey, type SecretKey, type SecretKeys } from '../ledger/sealed-secret.ts';
import { keepFile, readKeptFile } from './keep-file.ts';

/** Its name in the data folder. */
export const secretKeyFile = 'secrets-key';

/**
 * The keys of the settings. The embedded database has one more: made up at the first start without SECRETS_KEY and kept
 * in the data folder, it goes on to decrypt once SECRETS_KEY is set. Throws OperatorError when that file holds no key.
 */
export function secretKeysInUse({
  databaseUrl,
  dataDir,
  secretKeys,
}: Pick<Config, 'databaseUrl' | 'dataDir' | 'secretKeys'>): SecretKeys {
  if (databaseUrl !== undefined) return secretKeys;
  const file = path.join(dataDir, secretKeyFile);
  const { current, before } = secretKeys;
  if (current === null) return { current: readKey(file, keepFile(file, newKey)), before };
  const kept = readKeptFile(file);
  return kept === undefined ? secretKeys : { current, before: [...before, readKey(file, kept)] };
}

function newKey(): string {
  const { name, key } = createSecretKey();
  return `${name}:${key}`;
}

function readKey(file: string, text: string): SecretKey {
  const key = parseSecretKey(text);
  if (key !== undefined) return key;
  throw new OperatorError(`${file} does not hold a key that secrets are encrypted with. Restore it, or remove it.`);
}
