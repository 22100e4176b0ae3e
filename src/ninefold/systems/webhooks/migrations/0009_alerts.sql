-- Figures by event type, and retries among attempts.
ALTER TABLE webhooks.figure
-- Empty for the sums over all event types.
ADD COLUMN event_type text NOT NULL DEFAULT '',
-- Attempts that weren't the first of their round.
ADD COLUMN retried_attempts bigint NOT NULL DEFAULT 0 CHECK (retried_attempts >= 0),
DROP CONSTRAINT figure_pkey,
ADD PRIMARY KEY (organisation_id, subscription_id, event_type, step_s, starts_at);

-- The minutes of whole organisations, which alerts are evaluated by. No update changes these columns.
CREATE INDEX figure_evaluated ON webhooks.figure (starts_at)
WHERE step_s = 60
    AND subscription_id = '00000000-0000-0000-0000-000000000000'
    AND event_type IN ('', 'ninefold.alert.fired', 'ninefold.alert.resolved');

-- The event types that have figures of their own, in an organisation (zero in place of the subscription) and in each of
-- its subscriptions. Their number is limited; what isn't listed only counts in the sums.
CREATE TABLE webhooks.figured_type (
    organisation_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    event_type text NOT NULL CHECK (event_type <> ''),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, subscription_id, event_type)
);

CREATE INDEX figured_type_created ON webhooks.figured_type (created_at);

-- What was wrong, from when to when. One organisation has at most one firing alert about the same thing.
CREATE TABLE webhooks.alert (
    alert_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    kind text NOT NULL CHECK (
        kind IN ('slow_deliveries', 'failure_share', 'retry_share', 'queue_depth', 'circuit_open', 'dead_letters')
    ),
    -- About the installation, and not only about the organisation that gets it.
    is_installation_wide boolean NOT NULL,
    -- Empty if it isn't about one subscription.
    subscription_id uuid,
    state text NOT NULL CHECK (state IN ('firing', 'resolved')),
    title text NOT NULL,
    detail text NOT NULL,
    value double precision NOT NULL,
    threshold double precision NOT NULL,
    fired_at timestamptz NOT NULL,
    -- Since when its condition is no longer met, while it is firing.
    clear_since timestamptz,
    resolved_at timestamptz,
    CONSTRAINT alert_resolved_at_a_time CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CONSTRAINT alert_clear_while_firing CHECK (clear_since IS NULL OR state = 'firing')
);

CREATE UNIQUE INDEX alert_firing ON webhooks.alert (organisation_id, kind, is_installation_wide, subscription_id)
NULLS NOT DISTINCT
WHERE state = 'firing';

CREATE INDEX alert_listed ON webhooks.alert (organisation_id, alert_id);

CREATE INDEX alert_listed_by_subscription ON webhooks.alert (subscription_id, alert_id)
WHERE subscription_id IS NOT NULL;

CREATE INDEX alert_expiring ON webhooks.alert (resolved_at)
WHERE state = 'resolved';

-- What was sent of an alert: one message for each change and channel.
CREATE TABLE webhooks.alert_notification (
    alert_id uuid NOT NULL REFERENCES webhooks.alert ON DELETE CASCADE,
    change text NOT NULL CHECK (change IN ('fired', 'resolved')),
    channel text NOT NULL CHECK (channel IN ('slack', 'mail')),
    attempt_count integer NOT NULL DEFAULT 0 CHECK (attempt_count >= 0),
    sent_at timestamptz,
    -- Why the last attempt failed.
    error text,
    -- No further attempt is made.
    is_final boolean NOT NULL DEFAULT FALSE,
    PRIMARY KEY (alert_id, change, channel),
    CONSTRAINT alert_notification_sent_or_failed CHECK (sent_at IS NULL OR error IS NULL),
    CONSTRAINT alert_notification_final_with_error CHECK (NOT is_final OR error IS NOT NULL)
);

-- One row, which a worker locks while it evaluates alerts, so that no other one does.
CREATE TABLE webhooks.alert_evaluation (
    is_only boolean PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    evaluated_at timestamptz NOT NULL
);

INSERT INTO webhooks.alert_evaluation (evaluated_at)
VALUES ('-infinity');
