import { expect, test } from '@jest/globals';
import { createWebhookSecret } from '../../src/webhooks/webhook-secret.ts';

test('a secret is 32 bytes that no other one has', () => {
  const secrets = Array.from({ length: 100 }, createWebhookSecret);
  expect(new Set(secrets).size).toBe(100);
  for (const secret of secrets) {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toHaveLength(32);
  }
});
