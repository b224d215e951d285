import type { Knex } from 'knex';
import { noteCommand } from './audit/note-command.ts';
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
  /** Answers of earlier builds in clear that don't say whose secret they have. They go when their key expires. */
  unnamed: number;
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
  const counts: EncryptedSecrets = { encrypted: 0, current: 0, unreadable: [], unnamed: 0 };
  for (const ledgerId of await new KnownLedgers(database).read()) {
    const before = counts.encrypted;
    await encryptEndpoints(database, ledgerId, keys, counts);
    await encryptAnswers(database, ledgerId, keys, counts);
    const action = 'secrets encrypt';
    if (counts.encrypted > before) await noteCommand({ knex: database, ledgerId }, { action });
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
      .select('key', {
        secret: database.raw("outcome #>> '{result,secret}'"),
        endpoint_id: database.raw("coalesce(outcome #>> '{result,endpointId}', outcome #>> '{result,id}')"),
      });
    after = page.at(-1)?.key ?? after;
    for (const { key, secret, endpoint_id: endpointId } of page) {
      if (secret === null) continue;
      if (endpointId === null) {
        counts.unnamed += 1;
        continue;
      }
      await replace(secret, { ledgerId, endpointId }, { keys, counts }, async (before, sealed) =>
        database('idempotency_keys')
          .where({ ledger_id: ledgerId, key })
          .whereRaw("outcome #>> '{result,secret}' = ?", [before])
          // As text, so that the fields of the answer keep their order.
          .update('outcome', database.raw('replace(outcome::text, ?, ?)::json', [before, sealed])),
      );
    }
  } while (page.length === keysAtOnce);
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
