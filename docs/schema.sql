-- The schema after all migrations. Written by `npm run schema:dump`; change it with a migration, never by hand.

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
  CONSTRAINT accounts_status_known CHECK ((status = ANY (ARRAY['active'::text, 'closed'::text]))),
  CONSTRAINT accounts_version_not_negative CHECK ((version >= 0))
) WITH (fillfactor=80);
CREATE UNIQUE INDEX accounts_one_clearing_account_a_currency ON public.accounts USING btree (ledger_id, currency) WHERE (ownership = 'clearing'::text);
CREATE TRIGGER accounts_never_deleted BEFORE DELETE OR TRUNCATE ON public.accounts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE api_keys (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  key_hash bytea NOT NULL,
  created_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  revoked_at timestamp(3) with time zone,
  CONSTRAINT api_keys_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT api_keys_key_hash_unique UNIQUE (ledger_id, key_hash),
  CONSTRAINT api_keys_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers(id),
  CONSTRAINT api_keys_key_hash_is_sha256 CHECK ((octet_length(key_hash) = 32))
);
CREATE INDEX api_keys_by_hash ON public.api_keys USING btree (key_hash);

CREATE TABLE entries (
  ledger_id uuid NOT NULL,
  transaction_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  amount numeric(22,4) NOT NULL,
  balance_after numeric(22,4),
  version bigint,
  booked_at timestamp(3) with time zone NOT NULL,
  CONSTRAINT entries_pkey PRIMARY KEY (ledger_id, transaction_id, id),
  CONSTRAINT entries_version_unique UNIQUE (ledger_id, account_id, version),
  CONSTRAINT entries_amount_not_zero CHECK ((amount <> (0)::numeric)),
  CONSTRAINT entries_version_positive CHECK ((version > 0)),
  CONSTRAINT entries_version_with_balance CHECK (((version IS NULL) = (balance_after IS NULL)))
);
CREATE INDEX entries_of_clearing_accounts ON public.entries USING btree (ledger_id, account_id, id) INCLUDE (amount, booked_at) WHERE (version IS NULL);
CREATE TRIGGER entries_only_ever_inserted BEFORE DELETE OR UPDATE OR TRUNCATE ON public.entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE holders (
  ledger_id uuid NOT NULL,
  account_id uuid NOT NULL,
  party_id uuid NOT NULL,
  rights text[] NOT NULL,
  created_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT holders_pkey PRIMARY KEY (ledger_id, account_id, party_id),
  CONSTRAINT holders_account_fkey FOREIGN KEY (ledger_id, account_id) REFERENCES accounts(ledger_id, id),
  CONSTRAINT holders_party_fkey FOREIGN KEY (ledger_id, party_id) REFERENCES parties(ledger_id, id),
  CONSTRAINT holders_rights_known CHECK (((rights <@ ARRAY['view'::text, 'deposit'::text, 'withdraw'::text, 'transfer'::text, 'manage'::text]) AND (cardinality(rights) > 0)))
);
CREATE INDEX holders_by_party ON public.holders USING btree (ledger_id, party_id);

CREATE TABLE idempotency_keys (
  ledger_id uuid NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  outcome json,
  created_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (ledger_id, key),
  CONSTRAINT idempotency_keys_request_hash_is_sha256 CHECK ((octet_length(request_hash) = 32))
) WITH (fillfactor=50);

CREATE TABLE ledgers (
  id uuid NOT NULL,
  name text NOT NULL,
  created_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT ledgers_pkey PRIMARY KEY (id)
);
CREATE TRIGGER ledgers_never_deleted BEFORE DELETE OR TRUNCATE ON public.ledgers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE parties (
  ledger_id uuid NOT NULL,
  id uuid NOT NULL,
  external_id text,
  name text NOT NULL,
  created_at timestamp(3) with time zone NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT parties_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT parties_external_id_unique UNIQUE (ledger_id, external_id),
  CONSTRAINT parties_ledger_fkey FOREIGN KEY (ledger_id) REFERENCES ledgers(id)
);
CREATE TRIGGER parties_never_deleted BEFORE DELETE OR TRUNCATE ON public.parties FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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
  CONSTRAINT transactions_pkey PRIMARY KEY (ledger_id, id),
  CONSTRAINT transactions_amount_positive CHECK ((amount > (0)::numeric)),
  CONSTRAINT transactions_amount_with_currency CHECK (((amount IS NULL) = (currency IS NULL))),
  CONSTRAINT transactions_currency_is_a_code CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  CONSTRAINT transactions_only_multi_leg_without_amount CHECK (((amount IS NOT NULL) OR (type = 'multi_leg'::text))),
  CONSTRAINT transactions_type_known CHECK ((type = ANY (ARRAY['deposit'::text, 'withdrawal'::text, 'transfer'::text, 'multi_leg'::text])))
);
CREATE TRIGGER transactions_only_ever_inserted BEFORE DELETE OR UPDATE OR TRUNCATE ON public.transactions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      raise exception '% on % is not allowed: correct the books with a new transaction', tg_op, tg_table_name
        using errcode = 'restrict_violation';
    end $function$;
