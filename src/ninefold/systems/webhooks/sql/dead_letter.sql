-- name: dead_letter_count$
-- Count the dead letters of an organisation between two positions, up to a limit.
SELECT count(*)
FROM (
    SELECT 1
    FROM webhooks.delivery
    WHERE delivery.organisation_id = :organisation_id
        AND delivery.status = 'failed'
        AND (delivery.finished_at, delivery.delivery_id) > (:after_at::timestamptz, :after_id::uuid)
        AND (delivery.finished_at, delivery.delivery_id) < (:before_at::timestamptz, :before_id::uuid)
    LIMIT :limit
) AS counted;

-- name: dead_letter_count_of_subscriptions$
-- Count the dead letters of some subscriptions between two positions, up to a limit.
SELECT count(*)
FROM (
    SELECT 1
    FROM webhooks.delivery
    WHERE delivery.subscription_id = ANY(:subscription_ids::uuid[])
        AND delivery.organisation_id = :organisation_id
        AND delivery.status = 'failed'
        AND (delivery.finished_at, delivery.delivery_id) > (:after_at::timestamptz, :after_id::uuid)
        AND (delivery.finished_at, delivery.delivery_id) < (:before_at::timestamptz, :before_id::uuid)
    LIMIT :limit
) AS counted;

-- name: dead_letter_list_latest
-- Read dead letters of an organisation between two positions, latest first.
SELECT
    delivery.delivery_id,
    delivery.subscription_id,
    event.event_type,
    delivery.status,
    delivery.leased_by IS NOT NULL AS is_running,
    delivery.finished_at,
    coalesce(delivery.last_error_class, 'expired') AS error_class
FROM webhooks.delivery
INNER JOIN webhooks.event ON event.event_id = delivery.event_id
WHERE delivery.organisation_id = :organisation_id
    AND delivery.status = 'failed'
    AND (delivery.finished_at, delivery.delivery_id) > (:after_at::timestamptz, :after_id::uuid)
    AND (delivery.finished_at, delivery.delivery_id) < (:before_at::timestamptz, :before_id::uuid)
ORDER BY
    delivery.finished_at DESC,
    delivery.delivery_id DESC
LIMIT :limit;

-- name: dead_letter_list_latest_of_subscriptions
-- Read dead letters of some subscriptions between two positions, latest first.
-- Of each subscription, it reads as many as fit on the page, with an index of its own.
SELECT
    dead.delivery_id,
    dead.subscription_id,
    event.event_type,
    dead.status,
    dead.is_running,
    dead.finished_at,
    dead.error_class
FROM (
    SELECT of_subscription.*
    FROM unnest(:subscription_ids::uuid[]) AS wanted (subscription_id)
    CROSS JOIN LATERAL (
        SELECT
            delivery.delivery_id,
            delivery.subscription_id,
            delivery.event_id,
            delivery.status,
            delivery.leased_by IS NOT NULL AS is_running,
            delivery.finished_at,
            coalesce(delivery.last_error_class, 'expired') AS error_class
        FROM webhooks.delivery
        WHERE delivery.subscription_id = wanted.subscription_id
            AND delivery.organisation_id = :organisation_id
            AND delivery.status = 'failed'
            AND (delivery.finished_at, delivery.delivery_id) > (:after_at::timestamptz, :after_id::uuid)
            AND (delivery.finished_at, delivery.delivery_id) < (:before_at::timestamptz, :before_id::uuid)
        ORDER BY
            delivery.finished_at DESC,
            delivery.delivery_id DESC
        LIMIT :limit
    ) AS of_subscription
    ORDER BY
        of_subscription.finished_at DESC,
        of_subscription.delivery_id DESC
    LIMIT :limit
) AS dead
INNER JOIN webhooks.event ON event.event_id = dead.event_id
ORDER BY
    dead.finished_at DESC,
    dead.delivery_id DESC;

-- name: dead_letter_list_oldest
-- Read dead letters of an organisation between two positions, oldest first.
SELECT
    delivery.delivery_id,
    delivery.subscription_id,
    event.event_type,
    delivery.status,
    delivery.leased_by IS NOT NULL AS is_running,
    delivery.finished_at,
    coalesce(delivery.last_error_class, 'expired') AS error_class
FROM webhooks.delivery
INNER JOIN webhooks.event ON event.event_id = delivery.event_id
WHERE delivery.organisation_id = :organisation_id
    AND delivery.status = 'failed'
    AND (delivery.finished_at, delivery.delivery_id) > (:after_at::timestamptz, :after_id::uuid)
    AND (delivery.finished_at, delivery.delivery_id) < (:before_at::timestamptz, :before_id::uuid)
ORDER BY
    delivery.finished_at,
    delivery.delivery_id
LIMIT :limit;

-- name: dead_letter_list_oldest_of_subscriptions
-- Read dead letters of some subscriptions between two positions, oldest first.
-- Of each subscription, it reads as many as fit on the page, with an index of its own.
SELECT
    dead.delivery_id,
    dead.subscription_id,
    event.event_type,
    dead.status,
    dead.is_running,
    dead.finished_at,
    dead.error_class
FROM (
    SELECT of_subscription.*
    FROM unnest(:subscription_ids::uuid[]) AS wanted (subscription_id)
    CROSS JOIN LATERAL (
        SELECT
            delivery.delivery_id,
            delivery.subscription_id,
            delivery.event_id,
            delivery.status,
            delivery.leased_by IS NOT NULL AS is_running,
            delivery.finished_at,
            coalesce(delivery.last_error_class, 'expired') AS error_class
        FROM webhooks.delivery
        WHERE delivery.subscription_id = wanted.subscription_id
            AND delivery.organisation_id = :organisation_id
            AND delivery.status = 'failed'
            AND (delivery.finished_at, delivery.delivery_id) > (:after_at::timestamptz, :after_id::uuid)
            AND (delivery.finished_at, delivery.delivery_id) < (:before_at::timestamptz, :before_id::uuid)
        ORDER BY
            delivery.finished_at,
            delivery.delivery_id
        LIMIT :limit
    ) AS of_subscription
    ORDER BY
        of_subscription.finished_at,
        of_subscription.delivery_id
    LIMIT :limit
) AS dead
INNER JOIN webhooks.event ON event.event_id = dead.event_id
ORDER BY
    dead.finished_at,
    dead.delivery_id;
