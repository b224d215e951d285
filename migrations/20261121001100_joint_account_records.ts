import type { Knex } from 'knex';

/**
 * What hangs off an account and is safe under the lock of its row: mandates, restrictions, changes that collect
 * signatures, holds, payment orders, projects and their proposals, and the signatures themselves.
 */
export async function up(knex: Knex): Promise<void> {
  // Never changed: a payment order is decided under the version it was made under. No row: any one holder signs.
  await knex.raw(`
    create table mandates (
      ledger_id uuid not null,
      account_id uuid not null,
      version bigint not null,
      terms json not null,
      created_by uuid,
      created_at timestamptz(3) not null,
      constraint mandates_pkey primary key (ledger_id, account_id, version),
      constraint mandates_account_fkey foreign key (ledger_id, account_id) references accounts (ledger_id, id),
      constraint mandates_version_positive check (version > 0)
    )`);
  await knex.raw(`
    create table restrictions (
      ledger_id uuid not null,
      id uuid not null,
      account_id uuid not null,
      scope text not null,
      reason text not null,
      placed_by uuid,
      placed_at timestamptz(3) not null,
      lifted_by uuid,
      lifted_at timestamptz(3),
      constraint restrictions_pkey primary key (ledger_id, id),
      constraint restrictions_account_fkey foreign key (ledger_id, account_id) references accounts (ledger_id, id),
      constraint restrictions_scope_known check (scope in ('debits', 'credits', 'both')),
      constraint restrictions_holders_stop_debits check (placed_by is null or scope = 'debits')
    )`);
  await knex.raw('create index restrictions_of_account on restrictions (ledger_id, account_id, id)');
  // A hold reserves money. A payment order reserves by a hold that has its id.
  await knex.raw(`
    create table holds (
      ledger_id uuid not null,
      id uuid not null,
      account_id uuid not null,
      kind text not null,
      status text not null default 'active',
      amount numeric(22, 4) not null,
      remaining numeric(22, 4) not null,
      captured numeric(22, 4) not null default 0,
      initiated_by uuid,
      to_account_id uuid,
      description text,
      reference text,
      metadata json,
      created_at timestamptz(3) not null,
      expires_at timestamptz(3) not null,
      finished_at timestamptz(3),
      constraint holds_pkey primary key (ledger_id, id),
      constraint holds_account_fkey foreign key (ledger_id, account_id) references accounts (ledger_id, id),
      constraint holds_kind_known check (kind in ('hold', 'payment_order')),
      constraint holds_status_known check (status in ('active', 'captured', 'voided', 'expired')),
      constraint holds_amount_positive check (amount > 0),
      constraint holds_remaining_in_range check (remaining >= 0 and captured >= 0 and remaining + captured <= amount),
      constraint holds_active_with_remainder check ((status = 'active') = (remaining > 0)),
      constraint holds_finished_at_matches_status check ((status = 'active') = (finished_at is null))
    )`);
  await knex.raw(`
    create index holds_active on holds (ledger_id, account_id, expires_at) where status = 'active'`);
  await knex.raw('create index holds_of_account on holds (ledger_id, account_id, id)');
  await knex.raw(`
    create index holds_by_initiator on holds (ledger_id, initiated_by, created_at) where initiated_by is not null`);
  await knex.raw(`
    create table payment_orders (
      ledger_id uuid not null,
      id uuid not null,
      account_id uuid not null,
      to_account_id uuid,
      status text not null default 'waiting',
      amount numeric(22, 4) not null,
      currency text not null,
      value_date date,
      initiated_by uuid not null,
      description text,
      reference text,
      metadata json,
      mandate_version bigint not null,
      instruction_hash bytea not null,
      transaction_id uuid,
      created_at timestamptz(3) not null,
      expires_at timestamptz(3) not null,
      finished_at timestamptz(3),
      constraint payment_orders_pkey primary key (ledger_id, id),
      constraint payment_orders_hold_fkey foreign key (ledger_id, id) references holds (ledger_id, id),
      constraint payment_orders_status_known check (status in ('waiting', 'booked', 'rejected', 'cancelled', 'expired')),
      constraint payment_orders_booked_with_transaction check ((status = 'booked') = (transaction_id is not null)),
      constraint payment_orders_finished_at_matches_status check ((status = 'waiting') = (finished_at is null)),
      constraint payment_orders_hash_is_sha256 check (octet_length(instruction_hash) = 32)
    )`);
  await knex.raw('create index payment_orders_of_account on payment_orders (ledger_id, account_id, id)');
  await knex.raw(`
    create table projects (
      ledger_id uuid not null,
      id uuid not null,
      account_id uuid not null,
      name text not null,
      description text,
      status text not null default 'open',
      created_by uuid,
      created_at timestamptz(3) not null,
      finished_at timestamptz(3),
      constraint projects_pkey primary key (ledger_id, id),
      constraint projects_account_fkey foreign key (ledger_id, account_id) references accounts (ledger_id, id),
      constraint projects_status_known check (status in ('open', 'assigned', 'closed')),
      constraint projects_finished_at_matches_status check ((status = 'open') = (finished_at is null))
    )`);
  await knex.raw('create index projects_of_account on projects (ledger_id, account_id, id)');
  await knex.raw(`
    create table proposals (
      ledger_id uuid not null,
      id uuid not null,
      project_id uuid not null,
      account_id uuid not null,
      to_account_id uuid,
      title text not null,
      description text,
      status text not null default 'pending',
      amount numeric(22, 4) not null,
      currency text not null,
      proposed_by uuid,
      transaction_id uuid,
      created_at timestamptz(3) not null,
      finished_at timestamptz(3),
      constraint proposals_pkey primary key (ledger_id, id),
      constraint proposals_project_fkey foreign key (ledger_id, project_id) references projects (ledger_id, id),
      constraint proposals_status_known check (status in ('pending', 'accepted', 'rejected', 'withdrawn')),
      constraint proposals_amount_positive check (amount > 0),
      constraint proposals_accepted_with_transaction check ((status = 'accepted') = (transaction_id is not null)),
      constraint proposals_finished_at_matches_status check ((status = 'pending') = (finished_at is null))
    )`);
  await knex.raw('create index proposals_of_project on proposals (ledger_id, project_id, id)');
  // Exactly one can ever be accepted, even if the lock on the account row were missing.
  await knex.raw(`
    create unique index proposals_one_accepted on proposals (ledger_id, project_id) where status = 'accepted'`);
  await knex.raw(`
    create table account_changes (
      ledger_id uuid not null,
      id uuid not null,
      account_id uuid not null,
      kind text not null,
      terms json not null,
      status text not null default 'waiting',
      instruction_hash bytea not null,
      requested_by uuid not null,
      created_at timestamptz(3) not null,
      expires_at timestamptz(3) not null,
      finished_at timestamptz(3),
      constraint account_changes_pkey primary key (ledger_id, id),
      constraint account_changes_account_fkey foreign key (ledger_id, account_id) references accounts (ledger_id, id),
      constraint account_changes_kind_known check (
        kind in ('mandate', 'holder_invitation', 'holder_terms', 'holder_removal', 'restriction_lift')),
      constraint account_changes_status_known check (
        status in ('waiting', 'applied', 'rejected', 'cancelled', 'expired')),
      constraint account_changes_finished_at_matches_status check ((status = 'waiting') = (finished_at is null)),
      constraint account_changes_hash_is_sha256 check (octet_length(instruction_hash) = 32)
    )`);
  await knex.raw('create index account_changes_of_account on account_changes (ledger_id, account_id, id)');
  // Of a payment order, a proposal or a change. Each signer counts once.
  await knex.raw(`
    create table authorisations (
      ledger_id uuid not null,
      subject_id uuid not null,
      party_id uuid not null,
      decision text not null,
      created_at timestamptz(3) not null,
      constraint authorisations_pkey primary key (ledger_id, subject_id, party_id),
      constraint authorisations_party_fkey foreign key (ledger_id, party_id) references parties (ledger_id, id),
      constraint authorisations_decision_known check (decision in ('approve', 'reject'))
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table authorisations, account_changes, proposals, projects, payment_orders, holds, restrictions, mandates`);
}
