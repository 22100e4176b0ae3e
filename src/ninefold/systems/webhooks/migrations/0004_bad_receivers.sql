ALTER TABLE webhooks.subscription
-- The customer that the subscription belongs to, as the organisation calls it.
ADD COLUMN subscriber_id text,
-- While a subscription is paused, its deliveries wait.
ADD COLUMN paused_at timestamptz,
ADD COLUMN pause_reason text CHECK (pause_reason IN ('by_hand', 'gone', 'failing')),
-- Time that a delivery spent waiting for a paused subscription doesn't count towards its retry horizon.
ADD COLUMN resumed_at timestamptz,
-- Empty where the installation's setting applies.
ADD COLUMN rate_limit_per_s double precision CHECK (rate_limit_per_s > 0),
ADD COLUMN in_flight_max integer CHECK (in_flight_max > 0),
ADD COLUMN retry_delays_s double precision [],
-- The name that the delays were chosen by; empty where they were given one by one.
ADD COLUMN retry_preset text,
ADD CONSTRAINT subscription_paused_for_a_reason CHECK ((paused_at IS NULL) = (pause_reason IS NULL)),
ADD CONSTRAINT subscription_preset_has_delays CHECK (retry_preset IS NULL OR retry_delays_s IS NOT NULL);

CREATE INDEX subscription_listed_by_subscriber
ON webhooks.subscription (organisation_id, subscriber_id, subscription_id)
WHERE deleted_at IS NULL AND subscriber_id IS NOT NULL;

-- The health of a subscription's endpoint. A subscription has a row from its first failed attempt on. Successes are
-- written only while `failing_since` is set, so a healthy endpoint costs nothing.
CREATE TABLE webhooks.circuit (
    subscription_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    consecutive_failures integer NOT NULL CHECK (consecutive_failures >= 0),
    -- The first failed attempt after the latest success.
    failing_since timestamptz,
    -- Empty while the circuit is closed.
    opened_at timestamptz,
    -- When the next probe may be made. From then on, an open circuit is half-open.
    retry_at timestamptz,
    -- The worker that is probing.
    probed_by uuid,
    -- The receiver asked with Retry-After to send nothing until then.
    throttled_until timestamptz,
    -- When it was announced that the subscription will be paused.
    pause_announced_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT circuit_open_until_a_probe CHECK ((opened_at IS NULL) = (retry_at IS NULL)),
    CONSTRAINT circuit_probed_while_open CHECK (probed_by IS NULL OR opened_at IS NOT NULL),
    CONSTRAINT circuit_open_while_failing CHECK (opened_at IS NULL OR failing_since IS NOT NULL)
);

-- Workers read what has changed since they last looked.
CREATE INDEX circuit_changed ON webhooks.circuit (changed_at);

CREATE INDEX circuit_opened ON webhooks.circuit (subscription_id)
WHERE opened_at IS NOT NULL;

CREATE INDEX circuit_probed ON webhooks.circuit (probed_by)
WHERE probed_by IS NOT NULL;

-- A delivery that could be attempted, but must not be yet. The reason is that of its subscription: it is paused, its
-- circuit is open, or it has reached a limit.
ALTER TABLE webhooks.delivery
DROP CONSTRAINT delivery_status_check,
DROP CONSTRAINT delivery_finished_unless_retrying,
DROP CONSTRAINT delivery_leased_while_retrying,
ADD CONSTRAINT delivery_status_check CHECK (
    status IN ('retrying', 'waiting', 'delivered', 'failed', 'canceled')
),
ADD CONSTRAINT delivery_finished_unless_pending CHECK (
    (status IN ('retrying', 'waiting')) = (finished_at IS NULL)
),
ADD CONSTRAINT delivery_leased_while_pending CHECK (leased_by IS NULL OR status IN ('retrying', 'waiting'));

-- The waiting deliveries of each subscription, oldest first.
CREATE INDEX delivery_waiting ON webhooks.delivery (subscription_id, round_started_at, delivery_id)
WHERE status = 'waiting' AND leased_by IS NULL;

-- The dead letters of an organisation, latest first.
CREATE INDEX delivery_dead ON webhooks.delivery (organisation_id, finished_at, delivery_id)
WHERE status = 'failed';
