import type { Database } from '../database/create-database.ts';
import { errorTitles } from '../errors/error-catalogue.ts';
import { noSuch } from '../errors/no-such.ts';
import { type Refusal, RefusalError, refusal } from '../errors/refusal.ts';
import type { Caller } from '../http/caller.ts';
import { refuseIfMatch } from '../http/operation-options.ts';
import type { Operation, Outcome } from '../ledger/operation.ts';
import type { PostingEngine } from '../ledger/posting-engine.ts';
import { isOpen } from './visible-accounts.ts';

/** What a party may know of accounts: that those are there which it holds, or is invited to, and of some all. */
export interface KnownAccounts {
  readonly held: ReadonlySet<string>;
  readonly readable: ReadonlySet<string>;
}

/**
 * The engine as a caller may use it: what an operation tells of accounts is told as far as the caller may know it. All
 * answers of operations pass here, stored ones too. For keys of the service it is the engine itself.
 *
 * - The entity tag of an account, and whether it is a certain one (`If-Match`), is for those who may read the account.
 * - A dry run asks about the accounts that the party holds, so it takes the right to read them.
 * - A refusal says nothing of an account that the party does not hold, but that it takes no such payment, and nothing
 *   of the balance of one that it may not read.
 */
export function guardEngine(engine: PostingEngine, database: Database, caller: Caller): PostingEngine {
  if (caller.boundParty === null) return engine;
  return {
    async submit<Result>(operation: Operation<Result>) {
      const known = await findKnown(database, caller, operation.accountIds);
      const isTagged = known.readable.has(operation.accountIds[0] ?? '');
      if (operation.expectedTag !== undefined && !isTagged) throw refuseIfMatch();
      if (operation.dryRun) refuseBlindDryRun(known);
      const { outcome, replayed } = await engine.submit(operation);
      return { outcome: toldOutcome(outcome, known, isTagged), replayed };
    },
  };
}

/** What a caller may know of these accounts; null for a key of the service, which may know all. */
export async function findKnownAccounts(
  database: Database,
  caller: Caller,
  accountIds: readonly string[],
): Promise<KnownAccounts | null> {
  return caller.boundParty === null ? null : findKnown(database, caller, accountIds);
}

async function findKnown(
  database: Database,
  { ledgerId, boundParty }: Caller,
  accountIds: readonly string[],
): Promise<KnownAccounts> {
  const rows = await database('holders')
    .where({ ledger_id: ledgerId, party_id: boundParty })
    .whereIn('status', ['active', 'invited'])
    .whereRaw(isOpen)
    .whereRaw('account_id = any(?::uuid[])', [[...accountIds]])
    .select('account_id', database.raw("status = 'active' and 'view' = any(rights) as is_readable"));
  return {
    held: new Set(rows.map(({ account_id }) => account_id)),
    readable: new Set(rows.filter(({ is_readable }) => is_readable).map(({ account_id }) => account_id)),
  };
}

/** Whether a movement would be refused, tried over and over, tells a balance to the cent. */
function refuseBlindDryRun({ held, readable }: KnownAccounts): void {
  const unreadable = [...held].find((accountId) => !readable.has(accountId));
  if (unreadable === undefined) return;
  const detail = `A dry run asks about account ${unreadable}, which takes the right "view".`;
  throw new RefusalError('right_missing', detail, { accountId: unreadable, right: 'view' });
}

function toldOutcome<Result>(outcome: Outcome<Result>, known: KnownAccounts, isTagged: boolean): Outcome<Result> {
  if ('refusal' in outcome) return { refusal: toldRefusal(outcome.refusal, known) };
  return isTagged ? outcome : { result: outcome.result };
}

/** Codes whose facts are about the balance of the account, or its version. */
const aboutMoney: ReadonlySet<string> = new Set(['insufficient_funds', 'balance_limit_exceeded', 'version_mismatch']);

/** A refusal as far as who is refused may know what it says. */
export function toldRefusal(refused: Refusal, known: KnownAccounts | null): Refusal {
  const { code, facts } = refused;
  if (known === null || facts === undefined) return refused;
  const { explanation, refusal: inner, accountId, ...others } = facts as Record<string, unknown>;
  if (inner !== undefined) return toldOfItem(refused, inner as Refusal & Record<string, unknown>, known);
  if (typeof accountId !== 'string') return refused;
  if (!known.held.has(accountId)) {
    return noSuch('account', accountId);
  }
  if (known.readable.has(accountId)) return refused;
  return aboutMoney.has(code)
    ? refusal(code, `${errorTitles[code]}.`, { accountId })
    : refusal(code, refused.detail, { accountId, ...others });
}

/** Of a batch that an item was refused for. */
function toldOfItem(
  refused: Refusal,
  { code, detail, ...facts }: Refusal & Record<string, unknown>,
  known: KnownAccounts,
): Refusal {
  const told = toldRefusal(refusal(code, detail, facts), known);
  const sentence = refused.detail.replace(detail, () => told.detail);
  const inner = { code: told.code, detail: told.detail, ...told.facts };
  return refusal(refused.code, sentence, { ...refused.facts, refusal: inner });
}
