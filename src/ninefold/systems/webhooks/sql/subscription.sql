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
-- Read one subscription of an organisation.
SELECT
    subscription_id,
    organisation_id,
    url,
    event_types,
    description,
    created_at,
    updated_at
FROM webhooks.subscription
WHERE subscription_id = :subscription_id
    AND organisation_id = :organisation_id
    AND deleted_at IS NULL;

-- name: subscription_insert^
-- Insert a new subscription.
INSERT INTO webhooks.subscription (
    subscription_id,
    organisation_id,
    url,
    event_types,
    description
)
VALUES (
    :subscription_id,
    :organisation_id,
    :url,
    :event_types,
    :description
)
RETURNING
    subscription_id,
    organisation_id,
    url,
    event_types,
    description,
    created_at,
    updated_at;

-- name: subscription_list
-- Read a page of an organisation's subscriptions, newest first.
SELECT
    subscription_id,
    organisation_id,
    url,
    event_types,
    description,
    created_at,
    updated_at
FROM webhooks.subscription
WHERE organisation_id = :organisation_id
    AND deleted_at IS NULL
    AND (:before::uuid IS NULL OR subscription_id < :before)
ORDER BY subscription_id DESC
LIMIT :limit;

-- name: subscription_list_backlogged
-- Find subscriptions with waiting deliveries that may go on: neither paused nor throttled, and the circuit is closed or
-- due for a probe. It scans up to :limit subscriptions with waiting deliveries, starting after :after; each step of the
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
        circuit.opened_at IS NOT NULL AS is_probe
    FROM scanned
    INNER JOIN webhooks.subscription ON subscription.subscription_id = scanned.subscription_id
    LEFT JOIN webhooks.subscription_version
        ON subscription_version.organisation_id = subscription.organisation_id
    LEFT JOIN webhooks.circuit ON circuit.subscription_id = scanned.subscription_id
    WHERE subscription.paused_at IS NULL
        AND subscription.deleted_at IS NULL
        AND coalesce(circuit.throttled_until <= clock_timestamp(), TRUE)
        AND (
            circuit.opened_at IS NULL
            OR (
                circuit.retry_at <= clock_timestamp()
                AND coalesce(circuit.probe_expires_at <= clock_timestamp(), TRUE)
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

-- name: subscription_update^
-- Change the given fields of a subscription; returns no row when the organisation has none with this id.
UPDATE webhooks.subscription
SET
    url = coalesce(:url, url),
    event_types = coalesce(:event_types, event_types),
    description = coalesce(:description, description),
    updated_at = now()
WHERE subscription_id = :subscription_id
    AND organisation_id = :organisation_id
    AND deleted_at IS NULL
RETURNING
    subscription_id,
    organisation_id,
    url,
    event_types,
    description,
    created_at,
    updated_at;
