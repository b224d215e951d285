import { randomUUID } from 'node:crypto';
import { until } from './lock-witness.ts';
import type { TestClient } from './test-client.ts';
import type { TestService } from './test-service.ts';

/**
 * Waits until all is written that a process has noted of the ledger so far: entries are written in their order, so it
 * makes one more, and looks for that. Answers its request id. `client` must have a key that may make keys.
 */
export async function untilNoted(
  { database, ledgerId }: Pick<TestService, 'database' | 'ledgerId'>,
  client: TestClient,
): Promise<string> {
  const requestId = randomUUID();
  await client.post('/v1/api-keys', { nothing: 'like it' }, { 'X-Request-Id': requestId });
  const noted = () => database('audit_entries').where({ ledger_id: ledgerId, request_id: requestId });
  await until(async () => (await noted()).length === 1);
  return requestId;
}
