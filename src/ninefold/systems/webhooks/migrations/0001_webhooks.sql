CREATE SCHEMA webhooks;

-- Moves on with every change of an organisation's subscriptions, in the same transaction, so that whoever has them
-- cached sees at each use whether the copy is still true.
CREATE TABLE webhooks.subscription_version (
    organisation_id uuid PRIMARY KEY,
    version bigint NOT NULL
);

CREATE TABLE webhooks.subscription (
    subscription_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    url text NOT NULL,
    event_types text[] NOT NULL,
    description text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT subscription_wants_something CHECK (cardinality(event_types) > 0)
);

CREATE INDEX subscription_listed ON webhooks.subscription (organisation_id, subscription_id)
WHERE deleted_at IS NULL;

CREATE TABLE webhooks.signing_secret (
    signing_secret_id uuid PRIMARY KEY,
    subscription_id uuid NOT NULL REFERENCES webhooks.subscription,
    key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Empty for the current secret; a rotated one goes on signing until then.
    expires_at timestamptz
);

CREATE UNIQUE INDEX signing_secret_current ON webhooks.signing_secret (subscription_id)
WHERE expires_at IS NULL;

CREATE INDEX signing_secret_of_subscription ON webhooks.signing_secret (subscription_id);

-- An accepted event is the unit of dispatch: one row, and no delivery row before its first outcome is known.
CREATE TABLE webhooks.event (
    event_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    event_type text NOT NULL,
    -- The very bytes that were published; they are what is signed and sent.
    payload bytea NOT NULL,
    idempotency_key text,
    queued_deliveries integer NOT NULL CHECK (queued_deliveries >= 0),
    status text NOT NULL CHECK (status IN ('queued', 'dispatched')),
    accepted_at timestamptz NOT NULL DEFAULT now(),
    dispatched_at timestamptz,
    -- More than once: an earlier worker was stopped, and some deliveries may have an outcome already.
    claim_count integer NOT NULL DEFAULT 0,
    leased_by uuid,
    CONSTRAINT event_dispatched_once CHECK ((status = 'dispatched') = (dispatched_at IS NOT NULL)),
    CONSTRAINT event_leased_while_queued CHECK (leased_by IS NULL OR status = 'queued')
) WITH (fillfactor = 85);

CREATE UNIQUE INDEX event_idempotency ON webhooks.event (organisation_id, idempotency_key)
WHERE idempotency_key IS NOT NULL;

CREATE INDEX event_claimable ON webhooks.event (organisation_id, event_id)
WHERE status = 'queued' AND leased_by IS NULL;

CREATE INDEX event_leased ON webhooks.event (leased_by)
WHERE leased_by IS NOT NULL;

CREATE INDEX event_listed ON webhooks.event (organisation_id, event_id);

-- One row per event and subscription, from its first outcome on. No foreign keys: each would lock the event's and
-- the subscription's row for every outcome, on the path that has to be fastest, and neither row is ever deleted.
CREATE TABLE webhooks.delivery (
    delivery_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    event_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('retrying', 'delivered', 'failed', 'canceled')),
    attempt_count integer NOT NULL CHECK (attempt_count >= 0),
    -- A round is one run through the retry schedule; a retry by hand starts a new one.
    round_attempt_count integer NOT NULL CHECK (round_attempt_count >= 0),
    round_started_at timestamptz NOT NULL,
    next_attempt_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    leased_by uuid,
    CONSTRAINT delivery_scheduled_while_retrying CHECK ((status = 'retrying') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT delivery_finished_unless_retrying CHECK ((status = 'retrying') = (finished_at IS NULL)),
    CONSTRAINT delivery_leased_while_retrying CHECK (leased_by IS NULL OR status = 'retrying')
);

CREATE UNIQUE INDEX delivery_of_event ON webhooks.delivery (event_id, subscription_id);

CREATE INDEX delivery_listed ON webhooks.delivery (subscription_id, delivery_id);

CREATE INDEX delivery_listed_undelivered ON webhooks.delivery (subscription_id, status, delivery_id)
WHERE status <> 'delivered';

CREATE INDEX delivery_claimable ON webhooks.delivery (next_attempt_at)
WHERE status = 'retrying' AND leased_by IS NULL;

CREATE INDEX delivery_leased ON webhooks.delivery (leased_by)
WHERE leased_by IS NOT NULL;

CREATE TABLE webhooks.attempt (
    delivery_id uuid NOT NULL,
    attempt_number integer NOT NULL CHECK (attempt_number > 0),
    attempted_at timestamptz NOT NULL,
    duration_ms real NOT NULL CHECK (duration_ms >= 0),
    response_status smallint,
    response_body bytea,
    is_response_body_truncated boolean NOT NULL,
    -- Empty after success; `unsuccessful_status` when an answer came that wasn't 2xx.
    error_class text,
    error_detail text,
    PRIMARY KEY (delivery_id, attempt_number),
    CONSTRAINT attempt_answered_or_failed CHECK (response_status IS NOT NULL OR error_class IS NOT NULL),
    CONSTRAINT attempt_succeeded_on_2xx CHECK (error_class IS NOT NULL OR response_status BETWEEN 200 AND 299),
    CONSTRAINT attempt_explains_its_error CHECK ((error_class IS NULL) = (error_detail IS NULL))
);

-- What a worker reports of an attempt: the attempt, and the state of its delivery that follows. Rows of it come as JSON
-- and are never stored; without `attempt_number` nothing was sent.
CREATE TYPE webhooks.outcome AS (
    delivery_id uuid,
    organisation_id uuid,
    event_id uuid,
    subscription_id uuid,
    status text,
    attempt_count integer,
    round_attempt_count integer,
    round_started_at timestamptz,
    retry_delay_s double precision,
    attempt_number integer,
    attempted_at timestamptz,
    duration_ms real,
    response_status smallint,
    response_body text,
    is_response_body_truncated boolean,
    error_class text,
    error_detail text
);
