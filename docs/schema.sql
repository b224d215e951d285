-- The schema after all migrations. Written by `npm run schema:dump`; change it with a migration, never by hand.

CREATE TABLE account_changes (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  kind text NOT NULL,
  terms json NOT NULL,
  status text NOT NULL DEFAULT 'waiting'::text,
  instruction_hash bytea NOT NULL,
  requested_by uuid NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  expires_at timestamp(3) with time zone NOT NULL,
  finished_at timestamp(3) with time zone,
  key_id uuid,
  channel text,
  CONSTRAINT account_changes_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT account_changes_account_fkey FOREIGN KEY (ledger_id, account_id) REFERENCES accounts(ledger_id, id),
  CONSTRAINT account_changes_channel_known CHECK ((channel = ANY (ARRAY['own_key'::text, 'token'::text, 'service'::text]))),
  CONSTRAINT account_changes_finished_at_matches_status CHECK (((status = 'waiting'::text) = (finished_at IS NULL))),
  CONSTRAINT account_changes_hash_is_sha256 CHECK ((octet_length(instruction_hash) = 32)),
  CONSTRAINT account_changes_kind_known CHECK ((kind = ANY (ARRAY['mandate'::text, 'holder_invitation'::text, 'holder_terms'::text, 'holder_removal'::text, 'restriction_lift'::text]))),
  CONSTRAINT account_changes_status_known CHECK ((status = ANY (ARRAY['waiting'::text, 'applied'::text, 'rejected'::text, 'cancelled'::text, 'expired'::text])))
);
CREATE INDEX account_changes_of_account ON public.account_changes USING btree (ledger_id, account_id, id);
CREATE INDEX account_changes_waiting ON public.account_changes USING btree (ledger_id, expires_at, account_id) WHERE (status = 'waiting'::text);
CREATE INDEX account_changes_waiting_of_account ON public.account_changes USING btree (ledger_id, account_id, id) WHERE (status = 'waiting'::text);

CREATE TABLE account_metadata (
  ledger_id uuid NOT NULL,
  account_id uuid NOT NULL,
  metadata jsonb NOT NULL,
  CONSTRAINT account_metadata_pkey PRIMARY KEY (ledger_id, account_id),
  CONSTRAINT account_metadata_account_fkey FOREIGN KEY (ledger_id, account_id) REFERENCES accounts(ledger_id, id)
);

CREATE TABLE accounts (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  external_id text,
  name text NOT NULL,
  currency text NOT NULL,
  ownership text NOT NULL,
  status text NOT NULL DEFAULT 'active'::text,
  balance numeric(22,4),
  held numeric(22,4),
  overdraft_limit numeric(22,4),
  version bigint,
  last_booked_at timestamp(3) with time zone,
  created_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  closed_at timestamp(3) with time zone,
  revision bigint NOT NULL DEFAULT 0,
  debits_stopped boolean NOT NULL DEFAULT false,
  credits_stopped boolean NOT NULL DEFAULT false,
  next_expiry timestamp(3) with time zone,
  time_zone text NOT NULL DEFAULT 'UTC'::text,
  survivorship text NOT NULL DEFAULT 'survivors'::text,
  event_count bigint NOT NULL DEFAULT 0,
  last_event_stamp bigint NOT NULL DEFAULT 0,
  statements text NOT NULL DEFAULT 'none'::text,
  CONSTRAINT accounts_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT accounts_external_id_unique UNIQUE (ledger_id, external_id),
  CONSTRAINT accounts_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers(id),
  CONSTRAINT accounts_available_not_negative CHECK ((((balance - held) + overdraft_limit) >= (0)::numeric)),
  CONSTRAINT accounts_closed_at_matches_status CHECK (((status = 'closed'::text) = (closed_at IS NOT NULL))),
  CONSTRAINT accounts_closed_with_nothing CHECK (((status = 'active'::text) OR ((balance = (0)::numeric) AND (held = (0)::numeric)))),
  CONSTRAINT accounts_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT accounts_held_not_negative CHECK ((held >= (0)::numeric)),
  CONSTRAINT accounts_only_clearing_without_balance CHECK ((((ownership = 'clearing'::text) = (balance IS NULL)) AND ((ownership = 'clearing'::text) = (held IS NULL)) AND ((ownership = 'clearing'::text) = (overdraft_limit IS NULL)) AND ((ownership = 'clearing'::text) = (version IS NULL)))),
  CONSTRAINT accounts_overdraft_limit_not_negative CHECK ((overdraft_limit >= (0)::numeric)),
  CONSTRAINT accounts_ownership_known CHECK ((ownership = ANY (ARRAY['sole'::text, 'joint'::text, 'clearing'::text]))),
  CONSTRAINT accounts_statements_known CHECK ((statements = ANY (ARRAY['none'::text, 'daily'::text, 'weekly'::text, 'monthly'::text, 'quarterly'::text]))),
  CONSTRAINT accounts_status_known CHECK ((status = ANY (ARRAY['active'::text, 'closed'::text]))),
  CONSTRAINT accounts_survivorship_known CHECK ((survivorship = ANY (ARRAY['survivors'::text, 'estate'::text]))),
  CONSTRAINT accounts_version_not_negative CHECK ((version >= 0))
) WITH (fillfactor=80);
CREATE INDEX accounts_by_name ON public.accounts USING btree (ledger_id, lower(name) COLLATE "C", id);
CREATE INDEX accounts_next_expiry ON public.accounts USING btree (ledger_id, next_expiry) WHERE (next_expiry IS NOT NULL);
CREATE UNIQUE INDEX accounts_one_clearing_account_a_currency ON public.accounts USING btree (ledger_id, currency) WHERE (ownership = 'clearing'::text);
CREATE TRIGGER accounts_never_deleted BEFORE DELETE OR TRUNCATE ON public.accounts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE api_keys (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  key_hash bytea NOT NULL,
  created_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  revoked_at timestamp(3) with time zone,
  party_id uuid,
  scopes text[] NOT NULL DEFAULT ARRAY['accounts:read'::text, 'accounts:manage'::text, 'movements:write'::text, 'movements:unsigned'::text, 'approvals:write'::text, 'holds:write'::text, 'standing-orders:write'::text, 'events:read'::text, 'webhooks:manage'::text, 'operate'::text],
  expires_at timestamp(3) with time zone,
  last_used_at timestamp(3) with time zone,
  made_with uuid,
  CONSTRAINT api_keys_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT api_keys_key_hash_unique UNIQUE (ledger_id, key_hash),
  CONSTRAINT api_keys_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers(id),
  CONSTRAINT api_keys_key_hash_is_sha256 CHECK ((octet_length(key_hash) = 32))
);
CREATE INDEX api_keys_by_hash ON public.api_keys USING btree (key_hash);

CREATE TABLE audit_entries (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  at timestamp(3) with time zone NOT NULL,
  key_id uuid,
  party_id uuid,
  channel text NOT NULL,
  action text,
  method text,
  path text,
  subject_id uuid,
  address text,
  status smallint,
  code text,
  request_id text,
  count integer NOT NULL,
  CONSTRAINT audit_entries_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT audit_entries_count_positive CHECK ((count > 0)),
  CONSTRAINT audit_entries_texts_short CHECK (((length(channel) <= 20) AND (length(action) <= 100) AND (length(method) <= 20) AND (length(path) <= 500) AND (length(address) <= 100) AND (length(code) <= 100) AND (length(request_id) <= 128)))
);
CREATE TRIGGER audit_entries_never_rewritten BEFORE UPDATE OR TRUNCATE ON public.audit_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE TABLE authorisations (
  ledger_id uuid NOT NULL,
  subject_id uuid NOT NULL,
  party_id uuid NOT NULL,
  decision text NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  key_id uuid,
  channel text,
  instruction_hash bytea,
  CONSTRAINT authorisations_pkey PRIMARY KEY (ledger_id, subject_id, party_id, created_at),
  CONSTRAINT authorisations_party_fkey FOREIGN KEY (ledger_id, party_id) REFERENCES parties(ledger_id, id),
  CONSTRAINT authorisations_channel_known CHECK ((channel = ANY (ARRAY['own_key'::text, 'token'::text, 'service'::text]))),
  CONSTRAINT authorisations_decision_known CHECK ((decision = ANY (ARRAY['approve'::text, 'reject'::text])))
);

CREATE TABLE booking_time_corrections (
  ledger_id uuid NOT NULL,
  transaction_id uuid NOT NULL,
  booked_at_before timestamp(3) with time zone NOT NULL,
  value_date_before date NOT NULL,
  corrected_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT booking_time_corrections_pkey PRIMARY KEY (ledger_id, transaction_id, corrected_at)
);

CREATE TABLE entries (
  ledger_id uuid NOT NULL,
  transaction_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  amount numeric(22,4) NOT NULL,
  balance_after numeric(22,4),
  version bigint,
  booked_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT entries_version_unique UNIQUE (ledger_id, account_id, version),
  CONSTRAINT entries_amount_not_zero CHECK ((amount <> (0)::numeric)),
  CONSTRAINT entries_version_positive CHECK ((version > 0)),
  CONSTRAINT entries_version_with_balance CHECK (((version IS NULL) = (balance_after IS NULL)))
);
CREATE INDEX entries_of_clearing_accounts ON public.entries USING btree (ledger_id, account_id, id) INCLUDE (amount, booked_at) WHERE (version IS NULL);
CREATE INDEX entries_of_transaction ON public.entries USING btree (ledger_id, transaction_id);
CREATE TRIGGER entries_only_ever_inserted BEFORE DELETE OR UPDATE OR TRUNCATE ON public.entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE event_traces (
  ledger_id uuid NOT NULL,
  account_id uuid NOT NULL,
  sequence bigint NOT NULL,
  traceparent text NOT NULL,
  created_at timestamp(3) with time zone NOT NULL DEFAULT now(),
  CONSTRAINT event_traces_pkey PRIMARY KEY (ledger_id, account_id, sequence),
  CONSTRAINT event_traces_traceparent_length CHECK ((length(traceparent) <= 55))
);
CREATE INDEX event_traces_by_age ON public.event_traces USING btree (ledger_id, created_at);

CREATE TABLE events (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid,
  sequence bigint,
  type text NOT NULL,
  subject_id uuid NOT NULL,
  occurred_at timestamp(3) with time zone NOT NULL,
  data json NOT NULL,
  CONSTRAINT events_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT events_sequence_with_account CHECK (((account_id IS NULL) = (sequence IS NULL)))
);
CREATE UNIQUE INDEX events_of_account ON public.events USING btree (ledger_id, account_id, sequence) WHERE (account_id IS NOT NULL);
CREATE TRIGGER events_only_ever_inserted BEFORE DELETE OR UPDATE OR TRUNCATE ON public.events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE failed_work (
  ledger_id uuid NOT NULL,
  queue text NOT NULL,
  item_id text NOT NULL,
  attempts integer NOT NULL,
  retry_at timestamp(3) with time zone,
  error text NOT NULL,
  first_failed_at timestamp(3) with time zone NOT NULL,
  last_failed_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT failed_work_pkey PRIMARY KEY (ledger_id, queue, item_id),
  CONSTRAINT failed_work_attempts_positive CHECK ((attempts > 0))
);

CREATE TABLE holders (
  ledger_id uuid NOT NULL,
  account_id uuid NOT NULL,
  party_id uuid NOT NULL,
  rights text[] NOT NULL,
  created_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  status text NOT NULL DEFAULT 'active'::text,
  limit_per_movement numeric(22,4),
  limit_per_day numeric(22,4),
  limit_per_month numeric(22,4),
  invited_by uuid,
  invitation_expires_at timestamp(3) with time zone,
  joined_at timestamp(3) with time zone,
  ended_at timestamp(3) with time zone,
  history text NOT NULL DEFAULT 'all'::text,
  CONSTRAINT holders_pkey PRIMARY KEY (ledger_id, account_id, party_id),
  CONSTRAINT holders_account_fkey FOREIGN KEY (ledger_id, account_id) REFERENCES accounts(ledger_id, id),
  CONSTRAINT holders_party_fkey FOREIGN KEY (ledger_id, party_id) REFERENCES parties(ledger_id, id),
  CONSTRAINT holders_history_known CHECK ((history = ANY (ARRAY['all'::text, 'joining'::text]))) NOT VALID,
  CONSTRAINT holders_rights_known CHECK (((rights <@ ARRAY['view'::text, 'deposit'::text, 'withdraw'::text, 'transfer'::text, 'manage'::text, 'delegate'::text]) AND (cardinality(rights) > 0))),
  CONSTRAINT holders_status_known CHECK ((status = ANY (ARRAY['invited'::text, 'active'::text, 'declined'::text, 'left'::text, 'removed'::text, 'deceased'::text, 'expired'::text])))
);
CREATE INDEX holders_invited ON public.holders USING btree (ledger_id, invitation_expires_at, account_id) WHERE (status = 'invited'::text);
CREATE INDEX holders_of_party ON public.holders USING btree (ledger_id, party_id, account_id);

CREATE TABLE holds (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  kind text NOT NULL,
  status text NOT NULL DEFAULT 'active'::text,
  amount numeric(22,4) NOT NULL,
  remaining numeric(22,4) NOT NULL,
  captured numeric(22,4) NOT NULL DEFAULT 0,
  initiated_by uuid,
  to_account_id uuid,
  description text,
  reference text,
  metadata json,
  created_at timestamp(3) with time zone NOT NULL,
  expires_at timestamp(3) with time zone NOT NULL,
  finished_at timestamp(3) with time zone,
  key_id uuid,
  channel text,
  CONSTRAINT holds_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT holds_account_fkey FOREIGN KEY (ledger_id, account_id) REFERENCES accounts(ledger_id, id),
  CONSTRAINT holds_active_with_remainder CHECK (((status = 'active'::text) = (remaining > (0)::numeric))),
  CONSTRAINT holds_amount_positive CHECK ((amount > (0)::numeric)),
  CONSTRAINT holds_channel_known CHECK ((channel = ANY (ARRAY['own_key'::text, 'token'::text, 'service'::text]))),
  CONSTRAINT holds_finished_at_matches_status CHECK (((status = 'active'::text) = (finished_at IS NULL))),
  CONSTRAINT holds_kind_known CHECK ((kind = ANY (ARRAY['hold'::text, 'payment_order'::text]))),
  CONSTRAINT holds_remaining_in_range CHECK (((remaining >= (0)::numeric) AND (captured >= (0)::numeric) AND ((remaining + captured) <= amount))),
  CONSTRAINT holds_status_known CHECK ((status = ANY (ARRAY['active'::text, 'captured'::text, 'voided'::text, 'expired'::text])))
);
CREATE INDEX holds_active ON public.holds USING btree (ledger_id, account_id, expires_at) WHERE (status = 'active'::text);
CREATE INDEX holds_by_initiator ON public.holds USING btree (ledger_id, initiated_by, created_at) WHERE (initiated_by IS NOT NULL);
CREATE INDEX holds_of_account ON public.holds USING btree (ledger_id, account_id, id);

CREATE TABLE idempotency_keys (
  ledger_id uuid NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  outcome json,
  created_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  transaction_id uuid,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (ledger_id, key),
  CONSTRAINT idempotency_keys_request_hash_is_sha256 CHECK ((octet_length(request_hash) = 32))
);
CREATE INDEX idempotency_keys_by_age ON public.idempotency_keys USING btree (ledger_id, created_at);

CREATE TABLE ledgers (
  id uuid NOT NULL,
  name text NOT NULL,
  created_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  keys_kept_from timestamp(3) with time zone NOT NULL DEFAULT (clock_timestamp() - '168:00:00'::interval),
  signatures text NOT NULL DEFAULT 'any'::text,
  CONSTRAINT ledgers_pkey PRIMARY KEY (id),
  CONSTRAINT ledgers_signatures_known CHECK ((signatures = ANY (ARRAY['any'::text, 'own'::text])))
);
CREATE TRIGGER ledgers_never_deleted BEFORE DELETE OR TRUNCATE ON public.ledgers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE log_blocks (
  ledger_id uuid NOT NULL,
  last_position bigint NOT NULL,
  first_position bigint NOT NULL,
  number integer NOT NULL,
  appended_at timestamp(3) with time zone NOT NULL,
  hash bytea NOT NULL,
  account_ids uuid[] NOT NULL,
  sequences bigint[] NOT NULL,
  versions bigint[],
  event_ids uuid[],
  CONSTRAINT log_blocks_pkey PRIMARY KEY (ledger_id, last_position),
  CONSTRAINT log_blocks_positions_in_order CHECK ((first_position <= last_position))
);
CREATE TRIGGER log_blocks_only_ever_inserted BEFORE DELETE OR UPDATE OR TRUNCATE ON public.log_blocks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE log_inbox (
  ledger_id uuid NOT NULL,
  stamp bigint NOT NULL,
  salt integer NOT NULL,
  account_ids uuid[] NOT NULL,
  sequences bigint[] NOT NULL,
  versions bigint[],
  event_ids uuid[],
  CONSTRAINT log_inbox_pkey PRIMARY KEY (ledger_id, stamp, salt)
) WITH (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000);

CREATE TABLE log_numbers (
  ledger_id uuid NOT NULL,
  number integer NOT NULL,
  first_position bigint NOT NULL,
  lineage text NOT NULL,
  CONSTRAINT log_numbers_pkey PRIMARY KEY (ledger_id, number)
);
CREATE TRIGGER log_numbers_only_ever_inserted BEFORE DELETE OR UPDATE OR TRUNCATE ON public.log_numbers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE logs (
  ledger_id uuid NOT NULL,
  number integer NOT NULL DEFAULT 0,
  server_life text,
  CONSTRAINT logs_pkey PRIMARY KEY (ledger_id),
  CONSTRAINT logs_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers(id)
);

CREATE TABLE mandates (
  ledger_id uuid NOT NULL,
  account_id uuid NOT NULL,
  version bigint NOT NULL,
  terms json NOT NULL,
  created_by uuid,
  created_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT mandates_pkey PRIMARY KEY (ledger_id, account_id, version),
  CONSTRAINT mandates_account_fkey FOREIGN KEY (ledger_id, account_id) REFERENCES accounts(ledger_id, id),
  CONSTRAINT mandates_version_positive CHECK ((version > 0))
);

CREATE TABLE parties (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  external_id text,
  name text NOT NULL,
  created_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  metadata jsonb,
  erased_at timestamp(3) with time zone,
  CONSTRAINT parties_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT parties_external_id_unique UNIQUE (ledger_id, external_id),
  CONSTRAINT parties_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers(id)
);
CREATE INDEX parties_by_name ON public.parties USING btree (ledger_id, lower(name) COLLATE "C", id);
CREATE TRIGGER parties_never_deleted BEFORE DELETE OR TRUNCATE ON public.parties FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE payment_orders (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  to_account_id uuid,
  status text NOT NULL DEFAULT 'waiting'::text,
  amount numeric(22,4) NOT NULL,
  currency text NOT NULL,
  value_date date,
  initiated_by uuid NOT NULL,
  description text,
  reference text,
  metadata json,
  mandate_version bigint NOT NULL,
  instruction_hash bytea NOT NULL,
  transaction_id uuid,
  created_at timestamp(3) with time zone NOT NULL,
  expires_at timestamp(3) with time zone NOT NULL,
  finished_at timestamp(3) with time zone,
  external_id text,
  key_id uuid,
  channel text,
  hash_version smallint NOT NULL DEFAULT 1,
  band smallint,
  CONSTRAINT payment_orders_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT payment_orders_hold_fkey FOREIGN KEY (ledger_id, id) REFERENCES holds(ledger_id, id),
  CONSTRAINT payment_orders_booked_with_transaction CHECK (((status = 'booked'::text) = (transaction_id IS NOT NULL))),
  CONSTRAINT payment_orders_channel_known CHECK ((channel = ANY (ARRAY['own_key'::text, 'token'::text, 'service'::text]))),
  CONSTRAINT payment_orders_finished_at_matches_status CHECK (((status = 'waiting'::text) = (finished_at IS NULL))),
  CONSTRAINT payment_orders_hash_is_sha256 CHECK ((octet_length(instruction_hash) = 32)),
  CONSTRAINT payment_orders_hash_version_in_range CHECK (((hash_version >= 1) AND (hash_version <= 2))),
  CONSTRAINT payment_orders_status_known CHECK ((status = ANY (ARRAY['waiting'::text, 'booked'::text, 'rejected'::text, 'cancelled'::text, 'expired'::text])))
);
CREATE UNIQUE INDEX payment_orders_external_id_unique ON public.payment_orders USING btree (ledger_id, external_id) WHERE (external_id IS NOT NULL);
CREATE INDEX payment_orders_of_account ON public.payment_orders USING btree (ledger_id, account_id, id);
CREATE INDEX payment_orders_waiting ON public.payment_orders USING btree (ledger_id, account_id, id) WHERE (status = 'waiting'::text);

CREATE TABLE projects (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  name text NOT NULL,
  description text,
  status text NOT NULL DEFAULT 'open'::text,
  created_by uuid,
  created_at timestamp(3) with time zone NOT NULL,
  finished_at timestamp(3) with time zone,
  expires_at timestamp(3) with time zone,
  CONSTRAINT projects_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT projects_account_fkey FOREIGN KEY (ledger_id, account_id) REFERENCES accounts(ledger_id, id),
  CONSTRAINT projects_assigned_in_time CHECK (((status <> 'assigned'::text) OR (finished_at < expires_at))),
  CONSTRAINT projects_finished_at_matches_status CHECK (((status = 'open'::text) = (finished_at IS NULL))),
  CONSTRAINT projects_status_known CHECK ((status = ANY (ARRAY['open'::text, 'assigned'::text, 'closed'::text, 'expired'::text])))
);
CREATE INDEX projects_expiring ON public.projects USING btree (ledger_id, expires_at, account_id) WHERE ((status = 'open'::text) AND (expires_at IS NOT NULL));
CREATE INDEX projects_of_account ON public.projects USING btree (ledger_id, account_id, id);

CREATE TABLE proposals (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  project_id uuid NOT NULL,
  account_id uuid NOT NULL,
  to_account_id uuid,
  title text NOT NULL,
  description text,
  status text NOT NULL DEFAULT 'pending'::text,
  amount numeric(22,4) NOT NULL,
  currency text NOT NULL,
  proposed_by uuid,
  transaction_id uuid,
  created_at timestamp(3) with time zone NOT NULL,
  finished_at timestamp(3) with time zone,
  CONSTRAINT proposals_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT proposals_project_fkey FOREIGN KEY (ledger_id, project_id) REFERENCES projects(ledger_id, id),
  CONSTRAINT proposals_accepted_with_transaction CHECK (((status = 'accepted'::text) = (transaction_id IS NOT NULL))),
  CONSTRAINT proposals_amount_positive CHECK ((amount > (0)::numeric)),
  CONSTRAINT proposals_finished_at_matches_status CHECK (((status = 'pending'::text) = (finished_at IS NULL))),
  CONSTRAINT proposals_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'accepted'::text, 'rejected'::text, 'withdrawn'::text])))
);
CREATE INDEX proposals_of_project ON public.proposals USING btree (ledger_id, project_id, id);
CREATE UNIQUE INDEX proposals_one_accepted ON public.proposals USING btree (ledger_id, project_id) WHERE (status = 'accepted'::text);

CREATE TABLE restrictions (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  scope text NOT NULL,
  reason text NOT NULL,
  placed_by uuid,
  placed_at timestamp(3) with time zone NOT NULL,
  lifted_by uuid,
  lifted_at timestamp(3) with time zone,
  lift_reason text,
  CONSTRAINT restrictions_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT restrictions_account_fkey FOREIGN KEY (ledger_id, account_id) REFERENCES accounts(ledger_id, id),
  CONSTRAINT restrictions_holders_stop_debits CHECK (((placed_by IS NULL) OR (scope = 'debits'::text))),
  CONSTRAINT restrictions_scope_known CHECK ((scope = ANY (ARRAY['debits'::text, 'credits'::text, 'both'::text])))
);
CREATE INDEX restrictions_of_account ON public.restrictions USING btree (ledger_id, account_id, id);

CREATE TABLE standing_order_runs (
  ledger_id uuid NOT NULL,
  standing_order_id uuid NOT NULL,
  occurrence_at timestamp(3) with time zone NOT NULL,
  id uuid NOT NULL,
  due_at timestamp(3) with time zone NOT NULL,
  status text NOT NULL,
  attempts integer NOT NULL,
  amount numeric(22,4),
  transaction_id uuid,
  refusal json,
  last_attempt_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT standing_order_runs_pkey PRIMARY KEY (ledger_id, standing_order_id, occurrence_at),
  CONSTRAINT standing_order_runs_order_fkey FOREIGN KEY (ledger_id, standing_order_id) REFERENCES standing_orders(ledger_id, id),
  CONSTRAINT standing_order_runs_booked_with_transaction CHECK (((status = 'booked'::text) = (transaction_id IS NOT NULL))),
  CONSTRAINT standing_order_runs_refused_with_reason CHECK (((status = ANY (ARRAY['retrying'::text, 'refused'::text])) = (refusal IS NOT NULL))),
  CONSTRAINT standing_order_runs_status_known CHECK ((status = ANY (ARRAY['booked'::text, 'retrying'::text, 'refused'::text, 'nothing_to_do'::text, 'missed'::text])))
);

CREATE TABLE standing_orders (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  to_account_id uuid NOT NULL,
  status text NOT NULL,
  currency text NOT NULL,
  amount numeric(22,4),
  keep numeric(22,4),
  top_up_to numeric(22,4),
  most numeric(22,4),
  starts_at text NOT NULL,
  time_zone text NOT NULL,
  recurrence text,
  weekends text NOT NULL,
  catch_up text NOT NULL,
  retry_times integer NOT NULL,
  retry_minutes integer NOT NULL,
  initiated_by uuid,
  description text,
  reference text,
  metadata json,
  mandate_version bigint NOT NULL,
  instruction_hash bytea NOT NULL,
  signed_by uuid[],
  handled_until timestamp(3) with time zone,
  next_occurrence_at timestamp(3) with time zone,
  next_due_at timestamp(3) with time zone,
  next_attempt_at timestamp(3) with time zone,
  attempts integer NOT NULL DEFAULT 0,
  created_at timestamp(3) with time zone NOT NULL,
  expires_at timestamp(3) with time zone,
  finished_at timestamp(3) with time zone,
  key_id uuid,
  channel text,
  hash_version smallint NOT NULL DEFAULT 1,
  CONSTRAINT standing_orders_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT standing_orders_account_fkey FOREIGN KEY (ledger_id, account_id) REFERENCES accounts(ledger_id, id),
  CONSTRAINT standing_orders_to_account_fkey FOREIGN KEY (ledger_id, to_account_id) REFERENCES accounts(ledger_id, id),
  CONSTRAINT standing_orders_active_with_next CHECK (((status = 'active'::text) = (next_attempt_at IS NOT NULL))),
  CONSTRAINT standing_orders_amounts_in_range CHECK (((amount > (0)::numeric) AND (keep >= (0)::numeric) AND (top_up_to > (0)::numeric) AND (most > (0)::numeric))),
  CONSTRAINT standing_orders_catch_up_known CHECK ((catch_up = ANY (ARRAY['all'::text, 'latest'::text, 'none'::text]))),
  CONSTRAINT standing_orders_channel_known CHECK ((channel = ANY (ARRAY['own_key'::text, 'token'::text, 'service'::text]))),
  CONSTRAINT standing_orders_finished_at_matches_status CHECK (((status = ANY (ARRAY['waiting'::text, 'active'::text, 'paused'::text])) = (finished_at IS NULL))),
  CONSTRAINT standing_orders_hash_is_sha256 CHECK ((octet_length(instruction_hash) = 32)),
  CONSTRAINT standing_orders_hash_version_in_range CHECK (((hash_version >= 1) AND (hash_version <= 2))),
  CONSTRAINT standing_orders_one_rule_of_amount CHECK ((num_nonnulls(amount, keep, top_up_to) = 1)),
  CONSTRAINT standing_orders_retries_in_range CHECK ((((retry_times >= 0) AND (retry_times <= 20)) AND (retry_minutes > 0))),
  CONSTRAINT standing_orders_status_known CHECK ((status = ANY (ARRAY['waiting'::text, 'active'::text, 'paused'::text, 'completed'::text, 'rejected'::text, 'cancelled'::text, 'expired'::text]))),
  CONSTRAINT standing_orders_weekends_known CHECK ((weekends = ANY (ARRAY['keep'::text, 'skip'::text, 'next'::text, 'previous'::text])))
);
CREATE INDEX standing_orders_due ON public.standing_orders USING btree (ledger_id, next_attempt_at) WHERE (status = 'active'::text);
CREATE INDEX standing_orders_of_account ON public.standing_orders USING btree (ledger_id, account_id, id);
CREATE INDEX standing_orders_unfinished ON public.standing_orders USING btree (ledger_id, account_id) WHERE (finished_at IS NULL);
CREATE INDEX standing_orders_waiting ON public.standing_orders USING btree (ledger_id, expires_at) WHERE (status = 'waiting'::text);
CREATE INDEX standing_orders_waiting_of_account ON public.standing_orders USING btree (ledger_id, account_id, id) WHERE (status = 'waiting'::text);

CREATE TABLE statement_schedules (
  ledger_id uuid NOT NULL,
  account_id uuid NOT NULL,
  next_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT statement_schedules_pkey PRIMARY KEY (ledger_id, account_id),
  CONSTRAINT statement_schedules_account_fkey FOREIGN KEY (ledger_id, account_id) REFERENCES accounts(ledger_id, id)
);
CREATE INDEX statement_schedules_due ON public.statement_schedules USING btree (ledger_id, next_at);

CREATE TABLE statements (
  ledger_id uuid NOT NULL,
  account_id uuid NOT NULL,
  number bigint NOT NULL,
  id uuid NOT NULL,
  previous_number bigint,
  previous_version bigint NOT NULL,
  from_version bigint NOT NULL,
  to_version bigint NOT NULL,
  opening numeric(22,4) NOT NULL,
  closing numeric(22,4) NOT NULL,
  period_from timestamp(3) with time zone NOT NULL,
  period_to timestamp(3) with time zone NOT NULL,
  time_zone text NOT NULL,
  currency text NOT NULL,
  credit_count bigint NOT NULL,
  credit_sum numeric NOT NULL,
  debit_count bigint NOT NULL,
  debit_sum numeric NOT NULL,
  initiators json NOT NULL,
  issued_at timestamp(3) with time zone NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT statements_pkey PRIMARY KEY (ledger_id, account_id, number),
  CONSTRAINT statements_end_unique UNIQUE (ledger_id, account_id, number, to_version, closing, period_to),
  CONSTRAINT statements_id_unique UNIQUE (ledger_id, id),
  CONSTRAINT statements_account_fkey FOREIGN KEY (ledger_id, account_id) REFERENCES accounts(ledger_id, id),
  CONSTRAINT statements_previous_fkey FOREIGN KEY (ledger_id, account_id, previous_number, previous_version, opening, period_from) REFERENCES statements(ledger_id, account_id, number, to_version, closing, period_to),
  CONSTRAINT statements_count_all CHECK (((credit_count + debit_count) = (to_version - previous_version))),
  CONSTRAINT statements_first_from_the_beginning CHECK (((number > 1) OR ((from_version = 1) AND (opening = (0)::numeric)))),
  CONSTRAINT statements_hash_is_sha256 CHECK ((octet_length(hash) = 32)),
  CONSTRAINT statements_numbered CHECK (((number > 0) AND (NOT (previous_number IS DISTINCT FROM NULLIF((number - 1), 0))))),
  CONSTRAINT statements_period_in_order CHECK (((period_to > period_from) AND (issued_at >= period_to))),
  CONSTRAINT statements_sum_up CHECK (((credit_sum >= (0)::numeric) AND (debit_sum >= (0)::numeric) AND (closing = ((opening + credit_sum) - debit_sum)))),
  CONSTRAINT statements_versions_follow CHECK (((previous_version = (from_version - 1)) AND (to_version >= previous_version)))
);
CREATE TRIGGER statements_only_ever_inserted BEFORE DELETE OR UPDATE OR TRUNCATE ON public.statements FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

CREATE TABLE token_issuers (
  ledger_id uuid NOT NULL,
  issuer text NOT NULL,
  jwks json,
  jwks_url text,
  algorithms text[] NOT NULL,
  leeway_seconds integer NOT NULL,
  scopes text[] NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT token_issuers_pkey PRIMARY KEY (ledger_id, issuer),
  CONSTRAINT token_issuers_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers(id),
  CONSTRAINT token_issuers_keys_once CHECK (((jwks IS NULL) <> (jwks_url IS NULL))),
  CONSTRAINT token_issuers_leeway_in_range CHECK (((leeway_seconds >= 0) AND (leeway_seconds <= 300)))
);

CREATE TABLE transaction_metadata (
  ledger_id uuid NOT NULL,
  term uuid NOT NULL,
  booked_at timestamp(3) with time zone NOT NULL,
  transaction_id uuid NOT NULL,
  CONSTRAINT transaction_metadata_pkey PRIMARY KEY (ledger_id, term, booked_at, transaction_id)
);
CREATE TRIGGER transaction_metadata_only_ever_inserted BEFORE DELETE OR UPDATE OR TRUNCATE ON public.transaction_metadata FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE transactions (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  type text NOT NULL,
  amount numeric(22,4),
  currency text,
  booked_at timestamp(3) with time zone NOT NULL,
  value_date date NOT NULL,
  initiated_by uuid,
  description text,
  reference text,
  metadata jsonb,
  signed_by uuid[],
  origin text,
  origin_id uuid,
  external_id text,
  key_id uuid,
  channel text,
  revision bigint,
  CONSTRAINT transactions_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT transactions_amount_positive CHECK ((amount > (0)::numeric)),
  CONSTRAINT transactions_amount_with_currency CHECK (((amount IS NULL) = (currency IS NULL))),
  CONSTRAINT transactions_channel_known CHECK ((channel = ANY (ARRAY['own_key'::text, 'token'::text, 'service'::text]))),
  CONSTRAINT transactions_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT transactions_only_multi_leg_without_amount CHECK (((amount IS NOT NULL) OR (type = ANY (ARRAY['multi_leg'::text, 'reversal'::text])))),
  CONSTRAINT transactions_origin_known CHECK ((origin = ANY (ARRAY['payment_order'::text, 'hold'::text, 'proposal'::text, 'reversal'::text, 'standing_order'::text]))),
  CONSTRAINT transactions_origin_with_id CHECK (((origin IS NULL) = (origin_id IS NULL))),
  CONSTRAINT transactions_type_known CHECK ((type = ANY (ARRAY['deposit'::text, 'withdrawal'::text, 'transfer'::text, 'multi_leg'::text, 'capture'::text, 'reversal'::text])))
);
CREATE INDEX transactions_by_booking ON public.transactions USING btree (ledger_id, booked_at);
CREATE INDEX transactions_by_initiator ON public.transactions USING btree (ledger_id, initiated_by, booked_at) WHERE (initiated_by IS NOT NULL);
CREATE INDEX transactions_by_reference ON public.transactions USING btree (ledger_id, reference, booked_at) WHERE (reference IS NOT NULL);
CREATE UNIQUE INDEX transactions_external_id_unique ON public.transactions USING btree (ledger_id, external_id) WHERE (external_id IS NOT NULL);
CREATE INDEX transactions_of_holds ON public.transactions USING btree (ledger_id, origin_id) WHERE (origin = 'hold'::text);
CREATE INDEX transactions_of_reversed ON public.transactions USING btree (ledger_id, origin_id) WHERE (origin = 'reversal'::text);
CREATE UNIQUE INDEX transactions_of_single_origin_once ON public.transactions USING btree (ledger_id, origin_id) WHERE (origin <> ALL (ARRAY['hold'::text, 'reversal'::text]));
CREATE TRIGGER transactions_only_ever_inserted BEFORE DELETE OR UPDATE OR TRUNCATE ON public.transactions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE webhook_deliveries (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  account_id uuid,
  type text NOT NULL,
  status text NOT NULL DEFAULT 'pending'::text,
  attempts integer NOT NULL DEFAULT 0,
  answers json[] NOT NULL DEFAULT '{}'::json[],
  lease_id uuid,
  next_attempt_at timestamp(3) with time zone,
  pending_since timestamp(3) with time zone NOT NULL,
  created_at timestamp(3) with time zone NOT NULL,
  finished_at timestamp(3) with time zone,
  log_position bigint,
  webhook_id text NOT NULL,
  CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT webhook_deliveries_endpoint_fkey FOREIGN KEY (ledger_id, endpoint_id) REFERENCES webhook_endpoints(ledger_id, id),
  CONSTRAINT webhook_deliveries_finished_at_matches_status CHECK (((status = 'pending'::text) = (finished_at IS NULL))),
  CONSTRAINT webhook_deliveries_lease_while_pending CHECK (((status = 'pending'::text) OR (lease_id IS NULL))),
  CONSTRAINT webhook_deliveries_pending_with_next CHECK (((status = 'pending'::text) = (next_attempt_at IS NOT NULL))),
  CONSTRAINT webhook_deliveries_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text])))
);
CREATE INDEX webhook_deliveries_due ON public.webhook_deliveries USING btree (ledger_id, endpoint_id, next_attempt_at) WHERE (status = 'pending'::text);
CREATE INDEX webhook_deliveries_failed ON public.webhook_deliveries USING btree (ledger_id, endpoint_id, id) WHERE (status = 'failed'::text);
CREATE INDEX webhook_deliveries_finished ON public.webhook_deliveries USING btree (ledger_id, finished_at) WHERE (finished_at IS NOT NULL);
CREATE INDEX webhook_deliveries_in_order ON public.webhook_deliveries USING btree (ledger_id, endpoint_id, account_id, log_position) WHERE (status = 'pending'::text);
CREATE INDEX webhook_deliveries_leased ON public.webhook_deliveries USING btree (ledger_id, endpoint_id) WHERE (lease_id IS NOT NULL);
CREATE INDEX webhook_deliveries_of_endpoint ON public.webhook_deliveries USING btree (ledger_id, endpoint_id, id);
CREATE UNIQUE INDEX webhook_deliveries_of_event ON public.webhook_deliveries USING btree (ledger_id, endpoint_id, log_position) WHERE (log_position IS NOT NULL);

CREATE TABLE webhook_endpoints (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  url text NOT NULL,
  description text,
  event_types text[],
  account_ids uuid[],
  is_ordered boolean NOT NULL,
  status text NOT NULL DEFAULT 'active'::text,
  secret text NOT NULL,
  previous_secret text,
  previous_secret_until timestamp(3) with time zone,
  failing_since timestamp(3) with time zone,
  disabled_reason text,
  created_at timestamp(3) with time zone NOT NULL,
  disabled_at timestamp(3) with time zone,
  slot smallint,
  log_position bigint NOT NULL DEFAULT '-1'::integer,
  CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT webhook_endpoints_disabled_with_reason CHECK ((((status = 'disabled'::text) = (disabled_at IS NOT NULL)) AND ((disabled_at IS NULL) = (disabled_reason IS NULL)))),
  CONSTRAINT webhook_endpoints_previous_secret_with_end CHECK (((previous_secret IS NULL) = (previous_secret_until IS NULL))),
  CONSTRAINT webhook_endpoints_slot_in_range CHECK (((slot >= 1) AND (slot <= 100))),
  CONSTRAINT webhook_endpoints_status_known CHECK ((status = ANY (ARRAY['active'::text, 'disabled'::text, 'deleted'::text])))
);
CREATE UNIQUE INDEX webhook_endpoints_one_a_slot ON public.webhook_endpoints USING btree (ledger_id, slot) WHERE (status <> 'deleted'::text);

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if tg_op = 'UPDATE' and current_setting('joint_ledger.correcting_times', true) = 'on' then
        return null;
      end if;
      raise exception '% on % is not allowed: correct the books with a new transaction', tg_op, tg_table_name
        using errcode = 'restrict_violation';
    end $function$;

CREATE OR REPLACE FUNCTION public.refuse_rewriting()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      raise exception '% on % is not allowed: what was recorded stays as it is', tg_op, tg_table_name
        using errcode = 'restrict_violation';
    end $function$;
