-- What Stripe's API shows of a payment and Ninefold doesn't need: `return_url`, and how payment methods were chosen.
ALTER TABLE payments.intent ADD COLUMN options jsonb NOT NULL DEFAULT '{}';

-- A charge begins with the metadata of its payment, and then has its own.
ALTER TABLE payments.charge ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}';

-- What differs between two requests with one key can be named: a digest of each parameter, never its value.
ALTER TABLE payments.idempotency_key
ADD COLUMN parameters jsonb NOT NULL DEFAULT '{}',
-- Who works on the request. Whoever takes it over sets another one, and then the former can't store anything for it.
ADD COLUMN claim_id uuid,
-- The number of the advisory lock that the server holds as long as it lives; empty if it holds none.
ADD COLUMN owner_number integer,
ADD CONSTRAINT idempotency_key_in_flight_is_claimed CHECK (
    state = 'done' OR (claim_id IS NOT NULL AND locked_until IS NOT NULL)
);

-- Where a merchant's events are sent. Webhook delivery has a subscription for each.
CREATE TABLE payments.webhook_endpoint (
    webhook_endpoint_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    merchant_id uuid NOT NULL REFERENCES payments.merchant,
    subscription_id uuid NOT NULL,
    url text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2048),
    enabled_events text[] NOT NULL CHECK (cardinality(enabled_events) BETWEEN 1 AND 100),
    description text CHECK (char_length(description) <= 5000),
    api_version text CHECK (char_length(api_version) <= 40),
    is_enabled boolean NOT NULL DEFAULT TRUE,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL
);

CREATE INDEX webhook_endpoint_listed ON payments.webhook_endpoint (merchant_id, webhook_endpoint_id);

CREATE INDEX webhook_endpoint_of_subscription ON payments.webhook_endpoint (organisation_id, subscription_id);

-- What a merchant is told: written in the transaction of the change, with what it was about as it then was.
CREATE TABLE payments.event (
    event_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    merchant_id uuid NOT NULL REFERENCES payments.merchant,
    type text NOT NULL CHECK (type ~ '^[a-z_.]{1,60}$'),
    snapshot jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    -- When it was handed to webhook delivery; at once, if the merchant has no endpoint.
    forwarded_at timestamptz
);

CREATE INDEX event_listed ON payments.event (merchant_id, event_id);

CREATE INDEX event_to_forward ON payments.event (event_id)
WHERE forwarded_at IS NULL;

CREATE INDEX event_by_age ON payments.event (created_at);

-- What changes a merchant's balance. The id is that of the charge, the refund or the payout; of a refund that failed,
-- that of its attempt, and of a payout that failed, that of its batch.
CREATE VIEW payments.balance_transaction AS
SELECT
    charge_id AS balance_transaction_id,
    merchant_id,
    'charge' AS type,
    charge_id AS source_id,
    amount_captured AS amount,
    fee,
    currency::text AS currency,
    captured_at AS created_at,
    available_at,
    released_at IS NOT NULL AS is_available
FROM payments.charge
WHERE captured_at IS NOT NULL
UNION ALL
SELECT
    refund_id,
    merchant_id,
    'refund',
    refund_id,
    -amount,
    0::bigint,
    currency::text,
    created_at,
    created_at,
    TRUE
FROM payments.refund
UNION ALL
SELECT
    attempt.attempt_id,
    attempt.merchant_id,
    'refund_failure',
    attempt.refund_id,
    attempt.amount,
    0::bigint,
    attempt.currency::text,
    attempt.finished_at,
    attempt.finished_at,
    TRUE
FROM payments.attempt
WHERE attempt.operation = 'refund' AND attempt.state IN ('declined', 'not_sent')
UNION ALL
SELECT
    payout_id,
    merchant_id,
    'payout',
    payout_id,
    -amount,
    0::bigint,
    currency::text,
    created_at,
    created_at,
    TRUE
FROM payments.payout
UNION ALL
SELECT
    batch_id,
    merchant_id,
    'payout_failure',
    payout_id,
    amount,
    0::bigint,
    currency::text,
    failed_at,
    failed_at,
    TRUE
FROM payments.payout
WHERE state = 'failed';

CREATE INDEX attempt_of_failed_refund ON payments.attempt (merchant_id, attempt_id)
WHERE operation = 'refund' AND state IN ('declined', 'not_sent');
