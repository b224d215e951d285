import type { Knex } from 'knex';
import { noteCommand } from './audit/note-command.ts';
import { refusal } from './errors/refusal.ts';
import { hashRequest } from './http/operation-options.ts';
import { KnownLedgers } from './ledger/known-ledgers.ts';
import {
  keyNameOf,
  openSecret,
  type SecretKeys,
  type SecretPlace,
  SecretUnreadableError,
  sealSecret,
} from './ledger/sealed-secret.ts';

/** What became of the secrets that are stored. */
export interface EncryptedSecrets {
  /** Those that are encrypted with the current key now, and were not before. */
  encrypted: number;
  /** Those that were already. */
  current: number;
  /** Those that none of the keys decrypts, as `<where> <ledger>/<endpoint>: <why>`. */
  readonly unreadable: string[];
  /** Those that were taken out of answers of earlier builds, because their endpoints are no longer there. */
  removed: number;
}

const endpointsAtOnce = 100;
const keysAtOnce = 5_000;

/**
 * Encrypts with the current key, which there must be, every secret that is stored in clear or with a key of before:
 * those of endpoints, and those in the answers that are kept for idempotency keys. Each is replaced by itself, and only
 * while it is what was read, so it can run next to the service and as often as one likes. Waits for locks of the
 * endpoints' rows.
 */
export async function encryptSecrets(database: Knex, keys: SecretKeys): Promise<EncryptedSecrets> {
  const counts: EncryptedSecrets = { encrypted: 0, current: 0, unreadable: [], removed: 0 };
  for (const ledgerId of await new KnownLedgers(database).read()) {
    const before = counts.encrypted + counts.removed;
    await encryptEndpoints(database, ledgerId, keys, counts);
    await encryptAnswers(database, ledgerId, keys, counts);
    const action = 'secrets encrypt';
    if (counts.encrypted + counts.removed > before) await noteCommand({ knex: database, ledgerId }, { action });
  }
  return counts;
}

interface EndpointSecrets {
  id: string;
  secret: string;
  previous_secret: string | null;
}

async function encryptEndpoints(database: Knex, ledgerId: string, keys: SecretKeys, counts: EncryptedSecrets) {
  let page: EndpointSecrets[];
  let after: string | undefined;
  do {
    const query = database<EndpointSecrets>('webhook_endpoints').where('ledger_id', ledgerId);
    if (after !== undefined) query.where('id', '>', after);
    page = await query.orderBy('id').limit(endpointsAtOnce).select('id', 'secret', 'previous_secret');
    after = page.at(-1)?.id;
    for (const row of page) {
      for (const column of ['secret', 'previous_secret'] as const) {
        await replace(row[column], { ledgerId, endpointId: row.id }, { keys, counts }, async (before, sealed) => {
          const asRead = { ledger_id: ledgerId, id: row.id, [column]: before };
          return database('webhook_endpoints').where(asRead).update(column, sealed);
        });
      }
    }
  } while (page.length === endpointsAtOnce);
}

interface KeptAnswer {
  key: string;
  request_hash: Buffer;
  /** Of the answer to the registration of an endpoint, or to a rotation. */
  endpoint_id: string | null;
  secret: string | null;
}

async function encryptAnswers(database: Knex, ledgerId: string, keys: SecretKeys, counts: EncryptedSecrets) {
  let page: KeptAnswer[];
  let after = '';
  do {
    // Few of them have a secret, and it takes the whole page to know where the next one begins.
    const query = database<KeptAnswer>('idempotency_keys').where('ledger_id', ledgerId).where('key', '>', after);
    page = await query
      .orderBy('key')
      .limit(keysAtOnce)
      .select('key', 'request_hash', {
        secret: database.raw("outcome #>> '{result,secret}'"),
        endpoint_id: database.raw("coalesce(outcome #>> '{result,endpointId}', outcome #>> '{result,id}')"),
      });
    after = page.at(-1)?.key ?? after;
    for (const { key, secret, request_hash: request, endpoint_id: named } of page) {
      if (secret === null) continue;
      const endpointId = named ?? (await findRotated(database, ledgerId, request));
      const answer = database('idempotency_keys')
        .where({ ledger_id: ledgerId, key })
        .whereRaw("outcome #>> '{result,secret}' = ?", [secret]);
      if (endpointId === undefined) {
        counts.removed += await answer.update({ outcome: JSON.stringify({ refusal: endpointGone }) });
        continue;
      }
      await replace(secret, { ledgerId, endpointId }, { keys, counts }, async (before, sealed) => {
        // As text, so that the fields of the answer keep their order.
        const replaced = database.raw('replace(outcome::text, ?, ?)::json', [before, sealed]);
        const withName = database.raw("jsonb_set(?::jsonb, '{result,endpointId}', to_jsonb(?::text))::json", [
          replaced,
          endpointId,
        ]);
        return answer.update({ outcome: named === null ? withName : replaced });
      });
    }
  } while (page.length === keysAtOnce);
}

const endpointGone = refusal(
  'webhook_endpoint_not_found',
  'The webhook endpoint is no longer there, so the answer to its rotation is not kept.',
);

/**
 * Whose secret a request rotated, by its hash: earlier builds did not store that with the answer. Undefined where the
 * endpoint is no longer there.
 */
async function findRotated(database: Knex, ledgerId: string, request: Buffer): Promise<string | undefined> {
  const ids: string[] = await database('webhook_endpoints').where('ledger_id', ledgerId).pluck('id');
  return ids.find((id) => {
    const path = `/v1/webhook-endpoints/${id}/secret-rotations`;
    return [null, {}].some((body) => hashRequest('POST', path, body).equals(request));
  });
}

/** Replaces a secret where it must be; one that is current is decrypted too. `write` answers how many rows changed. */
async function replace(
  stored: string | null,
  place: SecretPlace,
  { keys, counts }: { keys: SecretKeys; counts: EncryptedSecrets },
  write: (before: string, sealed: string) => Promise<number>,
): Promise<void> {
  if (stored === null) return;
  try {
    const secret = openSecret(keys, stored, place);
    if (keyNameOf(stored) === keys.current?.name) counts.current += 1;
    else counts.encrypted += await write(stored, sealSecret(keys, secret, place));
  } catch (error) {
    if (!(error instanceof SecretUnreadableError)) throw error;
    counts.unreadable.push(`endpoint ${place.endpointId} of ledger ${place.ledgerId}: ${error.message}`);
  }
}
