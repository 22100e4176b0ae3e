-- name: subscription_count$
-- Count the subscriptions of an organisation.
SELECT count(*)
FROM webhooks.subscription
WHERE organisation_id = :organisation_id
    AND deleted_at IS NULL;

-- name: subscription_delete$
-- Mark a subscription as deleted; returns no row when the organisation has none with this id.
UPDATE webhooks.subscription
SET
    deleted_at = now(),
    updated_at = now()
WHERE subscription_id = :subscription_id
    AND organisation_id = :organisation_id
    AND deleted_at IS NULL
RETURNING subscription_id;

-- name: subscription_find^
-- Read one subscription of an organisation, with the state of its circuit.
SELECT
    subscription.subscription_id,
    subscription.organisation_id,
    subscription.url,
    subscription.event_types,
    subscription.description,
    subscription.subscriber_id,
    subscription.paused_at,
    subscription.pause_reason,
    subscription.rate_limit_per_s,
    subscription.in_flight_max,
    subscription.retry_delays_s,
    subscription.retry_preset,
    subscription.ordering,
    subscription.ordering_on_failure,
    subscription.created_at,
    subscription.updated_at,
    CASE
        WHEN circuit.opened_at IS NULL THEN 'closed'
        WHEN circuit.retry_at <= now() THEN 'half_open'
        ELSE 'open'
    END AS circuit_state,
    circuit.consecutive_failures,
    circuit.failing_since,
    circuit.opened_at,
    circuit.retry_at,
    circuit.throttled_until
FROM webhooks.subscription
LEFT JOIN webhooks.circuit ON circuit.subscription_id = subscription.subscription_id
WHERE subscription.subscription_id = :subscription_id
    AND subscription.organisation_id = :organisation_id
    AND subscription.deleted_at IS NULL;

-- name: subscription_insert!
-- Insert a new subscription.
INSERT INTO webhooks.subscription (
    subscription_id,
    organisation_id,
    url,
    event_types,
    description,
    subscriber_id,
    rate_limit_per_s,
    in_flight_max,
    retry_delays_s,
    retry_preset,
    ordering,
    ordering_on_failure
)
VALUES (
    :subscription_id,
    :organisation_id,
    :url,
    :event_types,
    :description,
    :subscriber_id,
    :rate_limit_per_s,
    :in_flight_max,
    :retry_delays_s,
    :retry_preset,
    :ordering,
    :ordering_on_failure
);

-- name: subscription_list
-- Read a page of an organisation's subscriptions, newest first, with the states of their circuits.
-- Each filter is NULL for any value.
SELECT *
FROM (
    SELECT
        subscription.subscription_id,
        subscription.organisation_id,
        subscription.url,
        subscription.event_types,
        subscription.description,
        subscription.subscriber_id,
        subscription.paused_at,
        subscription.pause_reason,
        subscription.rate_limit_per_s,
        subscription.in_flight_max,
        subscription.retry_delays_s,
        subscription.retry_preset,
        subscription.ordering,
        subscription.ordering_on_failure,
        subscription.created_at,
        subscription.updated_at,
        CASE
            WHEN circuit.opened_at IS NULL THEN 'closed'
            WHEN circuit.retry_at <= now() THEN 'half_open'
            ELSE 'open'
        END AS circuit_state,
        circuit.consecutive_failures,
        circuit.failing_since,
        circuit.opened_at,
        circuit.retry_at,
        circuit.throttled_until
    FROM webhooks.subscription
    LEFT JOIN webhooks.circuit ON circuit.subscription_id = subscription.subscription_id
    WHERE subscription.organisation_id = :organisation_id
        AND subscription.deleted_at IS NULL
        AND (:subscriber_id::text IS NULL OR subscription.subscriber_id = :subscriber_id)
        AND (:is_active::boolean IS NULL OR (subscription.paused_at IS NULL) = :is_active)
        AND (:before::uuid IS NULL OR subscription.subscription_id < :before)
) AS listed
WHERE :circuit_state::text IS NULL OR circuit_state = :circuit_state
ORDER BY subscription_id DESC
LIMIT :limit;

-- name: subscription_list_backlogged
-- Find subscriptions with waiting deliveries that may go on.
-- They are neither paused nor throttled, and the circuit is closed or due for a probe. It scans up to :limit subscriptions with waiting deliveries, starting after :after; each step of the
-- recursive CTE finds the next one with one index lookup.
-- last_subscription_id is where the next scan continues. It is returned even if nothing is found, in a row of its own,
-- and is NULL when no subscription is left to scan.
WITH RECURSIVE scanned AS (
    (
        SELECT
            subscription_id,
            1 AS position
        FROM webhooks.delivery
        WHERE status = 'waiting'
            AND leased_by IS NULL
            AND subscription_id > :after
        ORDER BY subscription_id
        LIMIT 1
    )
    UNION ALL
    SELECT
        next_subscription.subscription_id,
        scanned.position + 1
    FROM scanned
    CROSS JOIN LATERAL (
        SELECT delivery.subscription_id
        FROM webhooks.delivery
        WHERE delivery.status = 'waiting'
            AND delivery.leased_by IS NULL
            AND delivery.subscription_id > scanned.subscription_id
        ORDER BY delivery.subscription_id
        LIMIT 1
    ) AS next_subscription
    WHERE scanned.position < :limit::integer
),

found AS (
    SELECT
        subscription.subscription_id,
        subscription.organisation_id,
        subscription_version.version AS subscription_version,
        circuit.opened_at IS NOT NULL AS is_probe,
        ARRAY(
            SELECT each_tier.tier
            FROM generate_series(0, 2) AS each_tier (tier)
            WHERE EXISTS (
                SELECT 1
                FROM webhooks.delivery
                WHERE delivery.status = 'waiting'
                    AND delivery.leased_by IS NULL
                    AND delivery.subscription_id = scanned.subscription_id
                    AND delivery.tier = each_tier.tier
            )
        ) AS tiers
    FROM scanned
    INNER JOIN webhooks.subscription ON subscription.subscription_id = scanned.subscription_id
    LEFT JOIN webhooks.subscription_version
        ON subscription_version.organisation_id = subscription.organisation_id
    LEFT JOIN webhooks.circuit ON circuit.subscription_id = scanned.subscription_id
    WHERE subscription.paused_at IS NULL
        AND subscription.deleted_at IS NULL
        AND coalesce(circuit.throttled_until <= statement_timestamp(), TRUE)
        AND (
            circuit.opened_at IS NULL
            OR (
                circuit.retry_at <= statement_timestamp()
                AND circuit.probed_by IS NULL
            )
        )
),

scan_end AS (
    SELECT subscription_id AS last_subscription_id
    FROM scanned
    WHERE position = :limit::integer
)

SELECT *
FROM found
FULL JOIN scan_end ON TRUE;

-- name: subscription_list_health
-- Read the pauses and circuits of those of these subscriptions that belong to some organisations, as live feeds show them.
SELECT
    subscription.subscription_id,
    subscription.organisation_id,
    subscription.deleted_at IS NOT NULL AS is_deleted,
    subscription.pause_reason,
    CASE
        WHEN circuit.opened_at IS NULL THEN 'closed'
        WHEN circuit.retry_at <= now() THEN 'half_open'
        ELSE 'open'
    END AS circuit_state,
    coalesce(circuit.consecutive_failures, 0) AS consecutive_failures,
    circuit.failing_since,
    circuit.retry_at
FROM webhooks.subscription
LEFT JOIN webhooks.circuit ON circuit.subscription_id = subscription.subscription_id
WHERE subscription.subscription_id = ANY(:subscription_ids::uuid[])
    AND subscription.organisation_id = ANY(:organisation_ids::uuid[])
ORDER BY subscription.subscription_id;

-- name: subscription_list_ids_by_subscriber
-- Read the ids of a customer's subscriptions, also of deleted ones, newest first.
SELECT subscription_id
FROM webhooks.subscription
WHERE organisation_id = :organisation_id
    AND subscriber_id = :subscriber_id
ORDER BY subscription_id DESC
LIMIT :limit;

-- name: subscription_lock
-- Keep these subscriptions from being deleted until the transaction ends; return whether each is deleted already.
-- A deletion that isn't committed yet is waited for.
SELECT
    subscription_id,
    deleted_at IS NOT NULL AS is_deleted
FROM webhooks.subscription
WHERE subscription_id = ANY(:subscription_ids::uuid[])
ORDER BY subscription_id
FOR SHARE;

-- name: subscription_lock_for_replay
-- Keep these subscriptions from being deleted until the transaction ends; return what decides about replays to them.
-- The waiting deliveries of one that is sent nothing now aren't counted: they may be millions.
SELECT
    subscription.subscription_id,
    subscription.event_types,
    subscription.deleted_at IS NOT NULL AS is_deleted,
    subscription.rate_limit_per_s,
    CASE
        WHEN subscription.paused_at IS NULL
            AND circuit.opened_at IS NULL
            AND (circuit.throttled_until IS NULL OR circuit.throttled_until <= now())
            THEN (
                SELECT count(*)
                FROM (
                    SELECT 1
                    FROM webhooks.delivery
                    WHERE delivery.subscription_id = subscription.subscription_id
                        AND delivery.status = 'waiting'
                        AND delivery.leased_by IS NULL
                    LIMIT :waiting_max
                ) AS counted
            )
    END AS waiting
FROM webhooks.subscription
LEFT JOIN webhooks.circuit ON circuit.subscription_id = subscription.subscription_id
WHERE subscription.subscription_id = ANY(:subscription_ids::uuid[])
ORDER BY subscription.subscription_id
FOR SHARE OF subscription;

-- name: subscription_pause$
-- Pause a subscription; returns no row when it is paused or deleted already.
UPDATE webhooks.subscription
SET
    paused_at = now(),
    pause_reason = :reason,
    updated_at = now()
WHERE subscription_id = :subscription_id
    AND paused_at IS NULL
    AND deleted_at IS NULL
RETURNING subscription_id;

-- name: subscription_resume!
-- Resume a paused subscription.
UPDATE webhooks.subscription
SET
    paused_at = NULL,
    pause_reason = NULL,
    resumed_at = now(),
    updated_at = now()
WHERE subscription_id = :subscription_id
    AND paused_at IS NOT NULL;

-- name: subscription_update!
-- Write the fields of a subscription that a person can change, except for the pause.
UPDATE webhooks.subscription
SET
    url = :url,
    url_revision = CASE WHEN url = :url THEN url_revision ELSE url_revision + 1 END,
    event_types = :event_types,
    description = :description,
    subscriber_id = :subscriber_id,
    rate_limit_per_s = :rate_limit_per_s,
    in_flight_max = :in_flight_max,
    retry_delays_s = :retry_delays_s,
    retry_preset = :retry_preset,
    ordering = :ordering,
    ordering_on_failure = :ordering_on_failure,
    updated_at = now()
WHERE subscription_id = :subscription_id;
