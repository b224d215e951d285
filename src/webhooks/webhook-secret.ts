import { randomBytes } from 'node:crypto';

/** Creates the key that one endpoint's webhooks are signed with, written as Standard Webhooks has it. */
export function createWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}
