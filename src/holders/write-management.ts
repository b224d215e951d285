import type { LedgerTransaction } from '../database/ledger-transaction.ts';
import { authenticationColumns } from '../ledger/authentication.ts';
import { type Mandate, termsOf } from '../ownership/mandate.ts';
import { writeFinishedOrders } from '../payment-orders/finish-payment-order.ts';
import type { PaymentOrder } from '../payment-orders/payment-order.ts';
import { type Authorisation, writeAuthorisations } from '../signatures/authorisations.ts';
import { type AccountChange, changeHash } from './account-change.ts';
import type { HolderRecord, Restriction } from './management-queries.ts';

/** Everything that one act on an account's holders, mandate or restrictions writes; what is left out stays as it is. */
export interface ManagementEffect {
  readonly accountId: string;
  readonly at: Date;
  readonly by: string | null;
  /** A membership as it is now, new or changed. */
  readonly holder?: HolderRecord;
  readonly mandate?: Mandate;
  readonly placed?: Restriction;
  readonly lifted?: readonly Restriction[];
  /** A change that comes into being or ends. */
  readonly change?: AccountChange;
  readonly authorisation?: Authorisation;
  /** Payment orders that can't be completed any more. */
  readonly ended?: readonly PaymentOrder[];
}

/** Writes the effects of a group, each table in one statement. */
export async function writeManagement(
  transaction: LedgerTransaction,
  effects: readonly ManagementEffect[],
): Promise<void> {
  const { knex, ledgerId } = transaction;
  const holders = effects.flatMap(({ holder, at }) => (holder === undefined ? [] : holderRow(ledgerId, holder, at)));
  if (holders.length > 0) {
    const changeable = Object.keys(holders[0]!).filter((column) => column !== 'created_at');
    await knex('holders').insert(holders).onConflict(['ledger_id', 'account_id', 'party_id']).merge(changeable);
  }
  const mandates = effects.flatMap((effect) => (effect.mandate === undefined ? [] : mandateRow(ledgerId, effect)));
  if (mandates.length > 0) await knex('mandates').insert(mandates);
  await writeRestrictions(transaction, effects);
  const changes = effects.flatMap(({ change }) => (change === undefined ? [] : changeRow(ledgerId, change)));
  if (changes.length > 0) {
    await knex('account_changes').insert(changes).onConflict(['ledger_id', 'id']).merge(['status', 'finished_at']);
  }
  await writeAuthorisations(
    transaction,
    effects.flatMap(({ authorisation }) => authorisation ?? []),
  );
  await writeFinishedOrders(
    transaction,
    effects.flatMap(({ ended }) => ended ?? []),
  );
}

/** Restrictions, and on the account rows what they add up to: that is what every movement looks at. */
async function writeRestrictions(
  { knex, ledgerId }: LedgerTransaction,
  effects: readonly ManagementEffect[],
): Promise<void> {
  const touched = effects.flatMap(({ placed, lifted = [] }) => [...(placed === undefined ? [] : [placed]), ...lifted]);
  if (touched.length === 0) return;
  const rows = touched.map((restriction) => ({
    ledger_id: ledgerId,
    id: restriction.id,
    account_id: restriction.accountId,
    scope: restriction.scope,
    reason: restriction.reason,
    placed_by: restriction.placedBy,
    placed_at: restriction.placedAt,
    lifted_by: restriction.liftedBy,
    lifted_at: restriction.liftedAt,
    lift_reason: restriction.liftReason,
  }));
  await knex('restrictions')
    .insert(rows)
    .onConflict(['ledger_id', 'id'])
    .merge(['lifted_by', 'lifted_at', 'lift_reason']);
  await knex.raw(
    `update accounts a set debits_stopped = s.debits, credits_stopped = s.credits
     from (select u.id,
                  coalesce(bool_or(r.scope in ('debits', 'both')), false) as debits,
                  coalesce(bool_or(r.scope in ('credits', 'both')), false) as credits
           from unnest(:accountIds::uuid[]) as u (id)
           left join restrictions r
             on r.ledger_id = :ledgerId and r.account_id = u.id and r.lifted_at is null
           group by u.id) s
     where a.ledger_id = :ledgerId and a.id = s.id`,
    { ledgerId, accountIds: [...new Set(touched.map(({ accountId }) => accountId))] },
  );
}

function holderRow(ledgerId: string, holder: HolderRecord, createdAt: Date) {
  return {
    ledger_id: ledgerId,
    account_id: holder.accountId,
    party_id: holder.partyId,
    created_at: createdAt,
    rights: [...holder.rights],
    status: holder.status,
    limit_per_movement: holder.limits.perMovement,
    limit_per_day: holder.limits.perDay,
    limit_per_month: holder.limits.perMonth,
    invited_by: holder.invitedBy,
    invitation_expires_at: holder.invitationExpiresAt,
    joined_at: holder.joinedAt,
    ended_at: holder.endedAt,
    history: holder.history,
  };
}

function mandateRow(ledgerId: string, { accountId, mandate, by, at }: ManagementEffect) {
  return {
    ledger_id: ledgerId,
    account_id: accountId,
    version: mandate!.version,
    terms: JSON.stringify(termsOf(mandate!)),
    created_by: by,
    created_at: at,
  };
}

function changeRow(ledgerId: string, change: AccountChange) {
  return {
    ledger_id: ledgerId,
    id: change.id,
    account_id: change.accountId,
    kind: change.terms.kind,
    terms: JSON.stringify(change.terms),
    status: change.status,
    instruction_hash: changeHash(change),
    requested_by: change.requestedBy,
    ...authenticationColumns(change.authentication),
    created_at: change.createdAt,
    expires_at: change.expiresAt,
    finished_at: change.finishedAt,
  };
}
