import type { TargetRules } from '../../src/http/service-parts.ts';
import type { SecretKeys } from '../../src/ledger/sealed-secret.ts';

/** Webhooks may go to receivers on this machine, by http too. */
export const localTargets: TargetRules = { allowHttp: true, allowed: [{ network: '127.0.0.1', prefix: 32 }] };

const current = { name: 'test', key: Buffer.alloc(32, 't').toString('base64') };

/** What the secrets of a test are encrypted with: always the same, because test files share services. */
export const testSecretKeys: SecretKeys = { current, before: [] };

/** What a service of a test knows of webhooks. */
export const localWebhooks = { webhookTargets: localTargets, secretKeys: testSecretKeys };

/** The same as environment variables. */
export const localWebhookSettings = {
  WEBHOOK_ALLOW_HTTP: 'on',
  WEBHOOK_ALLOW: '127.0.0.1',
  SECRETS_KEY: `${current.name}:${current.key}`,
};
