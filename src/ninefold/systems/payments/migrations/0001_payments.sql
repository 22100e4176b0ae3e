CREATE SCHEMA payments;

-- Who is paid: its bank account, and what is agreed about fees, holds and settlement.
CREATE TABLE payments.merchant (
    merchant_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    country char(2) NOT NULL DEFAULT 'US' CHECK (country ~ '^[A-Z]{2}$'),
    default_currency char(3) NOT NULL DEFAULT 'USD' CHECK (default_currency ~ '^[A-Z]{3}$'),
    processor text NOT NULL DEFAULT 'simulator' CHECK (processor IN ('simulator', 'stripe')),
    -- The day of the merchant ends at the cut-off, in its time zone.
    time_zone text NOT NULL DEFAULT 'America/New_York',
    cutoff time NOT NULL DEFAULT '17:00',
    -- Each capture costs this share, in hundredths of a percent, and this amount in minor units.
    fee_bps integer NOT NULL DEFAULT 290 CHECK (fee_bps BETWEEN 0 AND 10000),
    fee_fixed bigint NOT NULL DEFAULT 30 CHECK (fee_fixed >= 0),
    -- How long captured funds are held, and the first ones after the merchant began.
    hold_days integer NOT NULL DEFAULT 2 CHECK (hold_days BETWEEN 0 AND 365),
    first_payout_days integer NOT NULL DEFAULT 7 CHECK (first_payout_days BETWEEN 0 AND 365),
    -- The share of each capture that is kept back longer.
    reserve_bps integer NOT NULL DEFAULT 0 CHECK (reserve_bps BETWEEN 0 AND 10000),
    reserve_days integer NOT NULL DEFAULT 0 CHECK (reserve_days BETWEEN 0 AND 365),
    payout_minimum bigint NOT NULL DEFAULT 0 CHECK (payout_minimum >= 0),
    bank_account_name text CHECK (char_length(bank_account_name) BETWEEN 1 AND 100),
    bank_routing_number text CHECK (bank_routing_number ~ '^[0-9]{9}$'),
    bank_account_number text CHECK (bank_account_number ~ '^[0-9A-Za-z]{4,34}$'),
    bank_account_kind text CHECK (bank_account_kind IN ('checking', 'savings')),
    created_at timestamptz NOT NULL,
    CONSTRAINT merchant_bank_account_is_whole CHECK (
        num_nulls(bank_account_name, bank_routing_number, bank_account_number, bank_account_kind) IN (0, 4)
    )
);

CREATE UNIQUE INDEX merchant_by_name ON payments.merchant (organisation_id, name);

CREATE INDEX merchant_listed ON payments.merchant (organisation_id, merchant_id);

-- Whose a key is. The key itself is a credential with the same id.
CREATE TABLE payments.merchant_key (
    credential_id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES payments.merchant
);

CREATE INDEX merchant_key_of_merchant ON payments.merchant_key (merchant_id);

-- The ledger: accounts with their balances, and the journal of transfers between them. Only `post_transfers` writes here.
CREATE TABLE payments.account (
    account_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    -- Empty for an account of the organisation itself.
    merchant_id uuid REFERENCES payments.merchant,
    kind text NOT NULL CHECK (
        kind IN (
            'processor_receivable', 'merchant_pending', 'merchant_held', 'merchant_available', 'merchant_reserve',
            'fees', 'refunds_in_flight', 'payout_in_flight', 'bank', 'suspense'
        )
    ),
    currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    posted_debits bigint NOT NULL DEFAULT 0 CHECK (posted_debits >= 0),
    posted_credits bigint NOT NULL DEFAULT 0 CHECK (posted_credits >= 0),
    pending_debits bigint NOT NULL DEFAULT 0 CHECK (pending_debits >= 0),
    pending_credits bigint NOT NULL DEFAULT 0 CHECK (pending_credits >= 0),
    UNIQUE NULLS NOT DISTINCT (organisation_id, merchant_id, kind, currency),
    -- What is the merchant's, or on its way, can't be spent twice: pending debits count as spent.
    CONSTRAINT account_not_overdrawn CHECK (
        kind NOT IN ('merchant_pending', 'merchant_held', 'merchant_reserve', 'refunds_in_flight', 'payout_in_flight')
        OR posted_credits - posted_debits - pending_debits >= 0
    )
) WITH (fillfactor = 50);

CREATE INDEX account_listed ON payments.account (organisation_id, account_id);

CREATE TABLE payments.transfer (
    transfer_id uuid PRIMARY KEY,
    -- The order of the journal.
    sequence bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    organisation_id uuid NOT NULL,
    -- `posted` moves an amount, `pending` reserves it; `posts`, `voids` and `expires` resolve what is pending.
    kind text NOT NULL CHECK (kind IN ('posted', 'pending', 'posts', 'voids', 'expires')),
    debit_account_id uuid NOT NULL REFERENCES payments.account,
    credit_account_id uuid NOT NULL REFERENCES payments.account,
    amount bigint NOT NULL CHECK (amount > 0),
    currency char(3) NOT NULL,
    -- What this resolves, and its amount.
    pending_id uuid UNIQUE REFERENCES payments.transfer,
    pending_amount bigint,
    -- When a reservation ends by itself.
    timeout_at timestamptz,
    -- Why: the same cause and leg is the same transfer, however often it is sent.
    cause_type text NOT NULL CHECK (cause_type ~ '^[a-z_]{1,40}$'),
    cause_id uuid NOT NULL,
    leg smallint NOT NULL DEFAULT 0 CHECK (leg >= 0),
    at timestamptz NOT NULL,
    -- The transaction that wrote it, which tells which transfers can't get a neighbour with a lower sequence any more.
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (cause_type, cause_id, leg),
    CONSTRAINT transfer_between_two CHECK (debit_account_id <> credit_account_id),
    CONSTRAINT transfer_resolves_something CHECK (
        (kind IN ('posts', 'voids', 'expires')) = (pending_id IS NOT NULL)
        AND (pending_id IS NULL) = (pending_amount IS NULL)
    ),
    CONSTRAINT transfer_posts_at_most_what_is_pending CHECK (
        amount <= pending_amount AND (kind = 'posts' OR amount = pending_amount)
    ),
    CONSTRAINT transfer_only_pending_times_out CHECK (timeout_at IS NULL OR kind = 'pending')
);

CREATE INDEX transfer_of_debit_account ON payments.transfer (debit_account_id, sequence);

CREATE INDEX transfer_of_credit_account ON payments.transfer (credit_account_id, sequence);

CREATE INDEX transfer_of_organisation ON payments.transfer (organisation_id, sequence);

-- The pending transfers that nothing has resolved yet.
CREATE TABLE payments.open_hold (
    pending_id uuid PRIMARY KEY REFERENCES payments.transfer,
    timeout_at timestamptz
);

CREATE INDEX open_hold_by_timeout ON payments.open_hold (timeout_at)
WHERE timeout_at IS NOT NULL;

CREATE FUNCTION payments.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER transfer_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments.transfer
FOR EACH STATEMENT EXECUTE FUNCTION payments.refuse_change();

CREATE FUNCTION payments.check_resolution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1
        FROM payments.transfer AS pending
        WHERE
            pending.transfer_id = NEW.pending_id
            AND pending.kind = 'pending'
            AND pending.amount = NEW.pending_amount
            AND pending.debit_account_id = NEW.debit_account_id
            AND pending.credit_account_id = NEW.credit_account_id
            AND pending.currency = NEW.currency
    ) THEN
        RAISE EXCEPTION 'transfer % resolves nothing that is pending', NEW.transfer_id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_resolves_pending';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER transfer_resolves_pending BEFORE INSERT ON payments.transfer
FOR EACH ROW WHEN (NEW.pending_id IS NOT NULL) EXECUTE FUNCTION payments.check_resolution();

CREATE FUNCTION payments.check_currency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1
        FROM payments.account
        WHERE
            account_id IN (NEW.debit_account_id, NEW.credit_account_id)
            AND (currency <> NEW.currency OR organisation_id <> NEW.organisation_id)
    ) THEN
        RAISE EXCEPTION 'transfer % has another currency or organisation than its accounts', NEW.transfer_id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_within_one_currency';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER transfer_within_one_currency BEFORE INSERT ON payments.transfer
FOR EACH ROW EXECUTE FUNCTION payments.check_currency();

-- Append transfers and change the balances of their accounts, all or nothing. Returns how many were new.
--
-- Accounts and transfers are arrays of JSON objects with the columns of the tables. The accounts are created where
-- needed, and locked in the order of their ids, so that no two transactions wait for each other.
CREATE FUNCTION payments.post_transfers(accounts jsonb, transfers jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found_count bigint;
    posted_count bigint;
    resolved_count bigint;
    open_count bigint;
BEGIN
    PERFORM 1
    FROM payments.account
    WHERE account_id IN (SELECT (item ->> 'account_id')::uuid FROM jsonb_array_elements(accounts) AS item)
    ORDER BY account_id
    FOR NO KEY UPDATE;
    GET DIAGNOSTICS found_count = ROW_COUNT;
    IF found_count < jsonb_array_length(accounts) THEN
        INSERT INTO payments.account (account_id, organisation_id, merchant_id, kind, currency)
        SELECT account_id, organisation_id, merchant_id, kind, currency
        FROM jsonb_to_recordset(accounts)
            AS item (account_id uuid, organisation_id uuid, merchant_id uuid, kind text, currency text)
        ORDER BY account_id
        ON CONFLICT DO NOTHING;
        PERFORM 1
        FROM payments.account
        WHERE account_id IN (SELECT (item ->> 'account_id')::uuid FROM jsonb_array_elements(accounts) AS item)
        ORDER BY account_id
        FOR NO KEY UPDATE;
    END IF;
    WITH appended AS (
        INSERT INTO payments.transfer (
            transfer_id, organisation_id, kind, debit_account_id, credit_account_id, amount, currency, pending_id,
            pending_amount, timeout_at, cause_type, cause_id, leg, at
        )
        SELECT
            transfer_id, organisation_id, kind, debit_account_id, credit_account_id, amount, currency, pending_id,
            pending_amount, timeout_at, cause_type, cause_id, leg, at
        FROM jsonb_to_recordset(transfers) AS item (
            transfer_id uuid, organisation_id uuid, kind text, debit_account_id uuid, credit_account_id uuid,
            amount bigint, currency text, pending_id uuid, pending_amount bigint, timeout_at timestamptz,
            cause_type text, cause_id uuid, leg smallint, at timestamptz
        )
        ON CONFLICT (cause_type, cause_id, leg) DO NOTHING
        RETURNING *
    ),
    changes AS (
        SELECT
            debit_account_id AS account_id,
            CASE WHEN kind IN ('posted', 'posts') THEN amount ELSE 0 END AS posted_debits,
            0 AS posted_credits,
            CASE WHEN kind = 'pending' THEN amount ELSE -coalesce(pending_amount, 0) END AS pending_debits,
            0 AS pending_credits
        FROM appended
        UNION ALL
        SELECT
            credit_account_id,
            0,
            CASE WHEN kind IN ('posted', 'posts') THEN amount ELSE 0 END,
            0,
            CASE WHEN kind = 'pending' THEN amount ELSE -coalesce(pending_amount, 0) END
        FROM appended
    ),
    sums AS (
        SELECT
            account_id,
            sum(posted_debits) AS posted_debits,
            sum(posted_credits) AS posted_credits,
            sum(pending_debits) AS pending_debits,
            sum(pending_credits) AS pending_credits
        FROM changes
        GROUP BY account_id
    ),
    balanced AS (
        UPDATE payments.account
        SET
            posted_debits = account.posted_debits + sums.posted_debits,
            posted_credits = account.posted_credits + sums.posted_credits,
            pending_debits = account.pending_debits + sums.pending_debits,
            pending_credits = account.pending_credits + sums.pending_credits
        FROM sums
        WHERE account.account_id = sums.account_id
    ),
    opened AS (
        INSERT INTO payments.open_hold (pending_id, timeout_at)
        SELECT transfer_id, timeout_at
        FROM appended
        WHERE kind = 'pending'
        RETURNING pending_id
    ),
    closed AS (
        DELETE FROM payments.open_hold
        USING appended
        WHERE open_hold.pending_id = appended.pending_id
        RETURNING open_hold.pending_id
    )
    SELECT
        (SELECT count(*) FROM appended),
        (SELECT count(*) FROM appended WHERE pending_id IS NOT NULL),
        (SELECT count(*) FROM closed)
    INTO posted_count, resolved_count, open_count;
    IF resolved_count <> open_count THEN
        RAISE EXCEPTION 'a pending transfer was resolved before'
        USING ERRCODE = 'unique_violation', CONSTRAINT = 'transfer_pending_id_key';
    END IF;
    RETURN posted_count;
END
$$;

-- The journal, sealed: each block has the hash of its transfers and of the block before.
CREATE TABLE payments.journal_block (
    organisation_id uuid NOT NULL,
    number bigint NOT NULL CHECK (number > 0),
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    transfer_count bigint NOT NULL CHECK (transfer_count > 0),
    previous_hash bytea NOT NULL CHECK (octet_length(previous_hash) = 32),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    sealed_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, number),
    CONSTRAINT journal_block_in_order CHECK (first_sequence <= last_sequence)
);

CREATE TRIGGER journal_block_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments.journal_block
FOR EACH STATEMENT EXECUTE FUNCTION payments.refuse_change();

CREATE TABLE payments.customer (
    customer_id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES payments.merchant,
    email text CHECK (char_length(email) <= 512),
    name text CHECK (char_length(name) <= 256),
    phone text CHECK (char_length(phone) <= 20),
    description text CHECK (char_length(description) <= 5000),
    metadata jsonb NOT NULL DEFAULT '{}',
    default_payment_method_id uuid,
    created_at timestamptz NOT NULL,
    deleted_at timestamptz
);

CREATE INDEX customer_listed ON payments.customer (merchant_id, customer_id);

-- What is paid with. Never a card number: `token` is the processor's name for it.
CREATE TABLE payments.payment_method (
    payment_method_id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES payments.merchant,
    customer_id uuid REFERENCES payments.customer,
    token text NOT NULL CHECK (token ~ '^[A-Za-z0-9_]{1,100}$' AND token !~ '[0-9]{12}'),
    brand text NOT NULL,
    last4 text NOT NULL CHECK (last4 ~ '^[0-9]{4}$'),
    exp_month smallint NOT NULL CHECK (exp_month BETWEEN 1 AND 12),
    exp_year smallint NOT NULL,
    funding text NOT NULL DEFAULT 'credit',
    country char(2) NOT NULL DEFAULT 'US',
    billing_details jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL
);

CREATE INDEX payment_method_of_customer ON payments.payment_method (customer_id, payment_method_id)
WHERE customer_id IS NOT NULL;

CREATE INDEX payment_method_listed ON payments.payment_method (merchant_id, payment_method_id);

-- A payment, from what the merchant asks for until the funds are captured.
CREATE TABLE payments.intent (
    intent_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    merchant_id uuid NOT NULL REFERENCES payments.merchant,
    state text NOT NULL CHECK (
        state IN (
            'requires_payment_method', 'requires_confirmation', 'requires_action', 'processing', 'in_doubt',
            'requires_capture', 'succeeded', 'canceled'
        )
    ),
    amount bigint NOT NULL CHECK (amount BETWEEN 1 AND 99999999),
    currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    capture_method text NOT NULL CHECK (capture_method IN ('automatic', 'manual')),
    amount_capturable bigint NOT NULL DEFAULT 0 CHECK (amount_capturable >= 0),
    amount_received bigint NOT NULL DEFAULT 0 CHECK (amount_received >= 0),
    customer_id uuid REFERENCES payments.customer,
    payment_method_id uuid REFERENCES payments.payment_method,
    latest_charge_id uuid,
    client_secret text NOT NULL UNIQUE,
    description text CHECK (char_length(description) <= 1000),
    receipt_email text CHECK (char_length(receipt_email) <= 512),
    statement_descriptor text CHECK (char_length(statement_descriptor) <= 22),
    metadata jsonb NOT NULL DEFAULT '{}',
    -- Where the customer authenticates, while an action is required.
    action_url text,
    -- Why the last attempt was declined.
    error_code text,
    decline_code text,
    error_message text,
    in_doubt_since timestamptz,
    capture_before timestamptz,
    cancel_reason text CHECK (
        cancel_reason IN ('duplicate', 'fraudulent', 'requested_by_customer', 'abandoned', 'automatic')
    ),
    canceled_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- Grows with each change; the timeline has one entry for each.
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT intent_captured_at_most_its_amount CHECK (amount_received + amount_capturable <= amount),
    CONSTRAINT intent_capturable_until_captured CHECK (
        (state <> 'requires_capture' OR (amount_capturable > 0 AND capture_before IS NOT NULL))
        AND (amount_capturable = 0 OR state IN ('requires_capture', 'in_doubt', 'processing'))
    ),
    CONSTRAINT intent_succeeded_with_funds CHECK ((state = 'succeeded') = (amount_received > 0)),
    CONSTRAINT intent_canceled_at_a_time CHECK ((state = 'canceled') = (canceled_at IS NOT NULL)),
    CONSTRAINT intent_in_doubt_since_a_time CHECK ((state = 'in_doubt') = (in_doubt_since IS NOT NULL)),
    CONSTRAINT intent_action_has_url CHECK (state <> 'requires_action' OR action_url IS NOT NULL),
    CONSTRAINT intent_paid_with_something CHECK (
        payment_method_id IS NOT NULL OR state IN ('requires_payment_method', 'canceled')
    )
);

CREATE INDEX intent_listed ON payments.intent (merchant_id, intent_id);

CREATE INDEX intent_of_organisation ON payments.intent (organisation_id, intent_id);

CREATE INDEX intent_of_organisation_by_state ON payments.intent (organisation_id, state, intent_id);

CREATE INDEX intent_of_customer ON payments.intent (customer_id, intent_id)
WHERE customer_id IS NOT NULL;

CREATE INDEX intent_by_expiry ON payments.intent (capture_before)
WHERE state = 'requires_capture';

-- What happened to a payment, in order.
CREATE TABLE payments.intent_event (
    intent_id uuid NOT NULL,
    version integer NOT NULL,
    type text NOT NULL CHECK (type ~ '^[a-z_]{1,40}$'),
    at timestamptz NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (intent_id, version)
);

-- The funds that one authorisation has reserved, and what was captured of them; or that it was declined.
CREATE TABLE payments.charge (
    charge_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    merchant_id uuid NOT NULL REFERENCES payments.merchant,
    intent_id uuid NOT NULL REFERENCES payments.intent,
    payment_method_id uuid NOT NULL REFERENCES payments.payment_method,
    -- `pending` while the outcome is in doubt; the funds' shadow stands in the ledger meanwhile.
    state text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    amount bigint NOT NULL CHECK (amount > 0),
    currency char(3) NOT NULL,
    amount_captured bigint NOT NULL DEFAULT 0 CHECK (amount_captured BETWEEN 0 AND amount),
    amount_refunded bigint NOT NULL DEFAULT 0 CHECK (amount_refunded >= 0),
    -- Of refunds that are under way.
    amount_refunding bigint NOT NULL DEFAULT 0 CHECK (amount_refunding >= 0),
    fee bigint NOT NULL DEFAULT 0 CHECK (fee >= 0),
    reserve bigint NOT NULL DEFAULT 0 CHECK (reserve >= 0),
    -- The pending transfer that is the funds' shadow.
    hold_id uuid REFERENCES payments.transfer,
    processor_reference text,
    error_code text,
    decline_code text,
    error_message text,
    created_at timestamptz NOT NULL,
    captured_at timestamptz,
    -- When the hold on the captured funds ends, and when it was ended.
    available_at timestamptz,
    released_at timestamptz,
    voided_at timestamptz,
    CONSTRAINT charge_refunded_at_most_what_is_captured CHECK (amount_refunded + amount_refunding <= amount_captured),
    CONSTRAINT charge_captured_at_a_time CHECK (
        (amount_captured > 0) = (captured_at IS NOT NULL) AND (captured_at IS NULL) = (available_at IS NULL)
    ),
    CONSTRAINT charge_released_after_capture CHECK (released_at IS NULL OR captured_at IS NOT NULL),
    CONSTRAINT charge_failed_for_a_reason CHECK ((state = 'failed') = (error_code IS NOT NULL)),
    CONSTRAINT charge_captured_if_succeeded CHECK (amount_captured = 0 OR state = 'succeeded')
);

CREATE INDEX charge_of_intent ON payments.charge (intent_id, charge_id);

CREATE INDEX charge_listed ON payments.charge (merchant_id, charge_id);

CREATE INDEX charge_held ON payments.charge (available_at)
WHERE captured_at IS NOT NULL AND released_at IS NULL;

CREATE TABLE payments.refund (
    refund_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    merchant_id uuid NOT NULL REFERENCES payments.merchant,
    intent_id uuid NOT NULL REFERENCES payments.intent,
    charge_id uuid NOT NULL REFERENCES payments.charge,
    state text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    amount bigint NOT NULL CHECK (amount > 0),
    currency char(3) NOT NULL,
    reason text CHECK (reason IN ('duplicate', 'fraudulent', 'requested_by_customer')),
    failure_reason text,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT refund_finished_at_a_time CHECK ((state = 'pending') = (finished_at IS NULL)),
    CONSTRAINT refund_failed_for_a_reason CHECK ((state = 'failed') = (failure_reason IS NOT NULL))
);

CREATE INDEX refund_of_charge ON payments.refund (charge_id, refund_id);

CREATE INDEX refund_listed ON payments.refund (merchant_id, refund_id);

-- One call to a processor. It is committed before the call, so that a crash can't make it be forgotten.
CREATE TABLE payments.attempt (
    attempt_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    merchant_id uuid NOT NULL REFERENCES payments.merchant,
    intent_id uuid NOT NULL REFERENCES payments.intent,
    charge_id uuid REFERENCES payments.charge,
    refund_id uuid REFERENCES payments.refund,
    processor text NOT NULL,
    operation text NOT NULL CHECK (operation IN ('authorise', 'capture', 'cancel', 'refund')),
    state text NOT NULL CHECK (
        state IN ('intended', 'waiting_for_customer', 'succeeded', 'declined', 'not_sent', 'in_doubt', 'needs_person')
    ),
    amount bigint NOT NULL CHECK (amount > 0),
    currency char(3) NOT NULL,
    -- Why a canceled payment is canceled, once the processor has canceled its authorisation.
    cancel_reason text,
    -- The processor's own id of the authorisation that is captured, canceled or refunded.
    authorisation_reference text,
    processor_reference text,
    error_code text,
    error_message text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    in_doubt_since timestamptz,
    inquiry_count integer NOT NULL DEFAULT 0 CHECK (inquiry_count >= 0),
    -- When the processor is asked next what became of it, and until when that goes on.
    next_inquiry_at timestamptz,
    deadline_at timestamptz,
    -- What proves the outcome, if it wasn't the answer to the call or an inquiry.
    evidence_kind text CHECK (
        evidence_kind IN ('webhook', 'settlement_report', 'processor_status', 'bank_statement', 'other')
    ),
    evidence text CHECK (char_length(evidence) BETWEEN 1 AND 2000),
    closed_by text,
    CONSTRAINT attempt_refunds_a_refund CHECK ((operation = 'refund') = (refund_id IS NOT NULL)),
    CONSTRAINT attempt_of_a_charge CHECK (operation IN ('authorise', 'cancel') OR charge_id IS NOT NULL),
    CONSTRAINT attempt_of_an_authorisation CHECK ((operation = 'authorise') = (authorisation_reference IS NULL)),
    CONSTRAINT attempt_finished_at_a_time CHECK (
        (state IN ('succeeded', 'declined', 'not_sent')) = (finished_at IS NOT NULL)
    ),
    CONSTRAINT attempt_open_has_next_step CHECK (
        (state IN ('intended', 'in_doubt')) = (next_inquiry_at IS NOT NULL)
    ),
    CONSTRAINT attempt_in_doubt_since_a_time CHECK (
        state NOT IN ('in_doubt', 'needs_person') OR (in_doubt_since IS NOT NULL AND deadline_at IS NOT NULL)
    ),
    CONSTRAINT attempt_evidence_has_kind CHECK ((evidence IS NULL) = (evidence_kind IS NULL))
);

CREATE INDEX attempt_of_intent ON payments.attempt (intent_id, attempt_id);

CREATE INDEX attempt_due ON payments.attempt (next_inquiry_at)
WHERE next_inquiry_at IS NOT NULL;

CREATE INDEX attempt_in_doubt ON payments.attempt (organisation_id, attempt_id)
WHERE state IN ('in_doubt', 'needs_person');

CREATE UNIQUE INDEX attempt_one_at_a_time ON payments.attempt (intent_id)
WHERE state IN ('intended', 'in_doubt', 'needs_person') AND operation <> 'refund';

-- A request with an idempotency key, and its answer.
CREATE TABLE payments.idempotency_key (
    merchant_id uuid NOT NULL REFERENCES payments.merchant,
    key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL CHECK (octet_length(request_hash) = 32),
    method text NOT NULL,
    path text NOT NULL,
    state text NOT NULL CHECK (state IN ('in_flight', 'done')),
    -- What the request has made, so that a repetition after a crash goes on from there.
    intent_id uuid,
    attempt_id uuid,
    refund_id uuid,
    request_id text NOT NULL,
    locked_until timestamptz,
    status smallint,
    body bytea,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (merchant_id, key),
    CONSTRAINT idempotency_key_done_with_answer CHECK (
        (state = 'done') = (status IS NOT NULL) AND (status IS NULL) = (finished_at IS NULL)
    )
);

CREATE INDEX idempotency_key_by_age ON payments.idempotency_key (created_at);
