import { encryptSecrets } from '../encrypt-secrets.ts';
import { OperatorError } from '../errors/operator-error.ts';
import { secretKeysInUse } from '../process/secret-keys-in-use.ts';
import type { DatabaseCommand } from './ledger-command.ts';

/** Brings all secrets of webhooks under the current key. */
export const encryptSecretsCommand: DatabaseCommand = {
  name: 'secrets encrypt',
  summary: 'Encrypts all webhook secrets with SECRETS_KEY: those in clear, and those under SECRETS_KEYS_BEFORE.',
  remarks:
    'The service may run. Doing it again does what is missing. Exit code 1 when a secret could not be decrypted.',
  parameters: {},
  example: '',
  async run(database, _args, { config }) {
    const keys = secretKeysInUse(config());
    if (keys.current === null) {
      throw new OperatorError('SECRETS_KEY is not set. Set it to a name and a key: <name>:<32 bytes in base64>.');
    }
    const { encrypted, current, unreadable, removed } = await encryptSecrets(database, keys);
    const lines = [
      `Encrypted with the key "${keys.current.name}": ${encrypted}. Encrypted with it before: ${current}.`,
      ...unreadable.map((problem) => `Not encrypted: ${problem}`),
    ];
    if (removed > 0) lines.push(`Taken out of answers to rotations of endpoints that are no longer there: ${removed}.`);
    const isBad = unreadable.length > 0;
    return { text: lines.join('\n'), json: { key: keys.current.name, encrypted, current, unreadable, removed }, isBad };
  },
};
