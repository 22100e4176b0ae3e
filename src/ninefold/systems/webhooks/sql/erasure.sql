-- name: erasure_close_subscriptions$
-- Delete the subscriptions of an organisation as a person would, so that nothing more is sent to them; return how many.
WITH closed AS (
    UPDATE webhooks.subscription
    SET
        deleted_at = now(),
        updated_at = now()
    WHERE organisation_id = :organisation_id
        AND deleted_at IS NULL
    RETURNING 1
)

SELECT count(*)
FROM closed;

-- name: erasure_count_leased$
-- Count the events of an organisation that workers hold, up to a limit.
SELECT count(*)
FROM (
    SELECT 1
    FROM webhooks.event
    WHERE status = 'queued'
        AND leased_by IS NOT NULL
        AND organisation_id = :organisation_id
    LIMIT :limit
) AS leased;

-- name: erasure_delete_deliveries^
-- Delete some deliveries to the subscriptions of an organisation, with their attempts; return how many of each.
WITH erased AS MATERIALIZED (
    SELECT
        delivery.delivery_id,
        delivery.retention
    FROM webhooks.subscription
    INNER JOIN webhooks.delivery ON delivery.subscription_id = subscription.subscription_id
    WHERE subscription.organisation_id = :organisation_id
    LIMIT :limit
),

erased_attempt AS (
    DELETE FROM webhooks.earlier_attempt
    USING erased
    WHERE earlier_attempt.delivery_id = erased.delivery_id
        AND earlier_attempt.retention = erased.retention
    RETURNING 1
),

erased_delivery AS (
    DELETE FROM webhooks.delivery
    USING erased
    WHERE delivery.delivery_id = erased.delivery_id
        AND delivery.retention = erased.retention
    RETURNING 1
)

SELECT
    (SELECT count(*) FROM erased_delivery) AS deliveries,
    (SELECT count(*) FROM erased_attempt) AS attempts;

-- name: erasure_delete_events^
-- Delete some events of an organisation after an id that no worker holds, with their deliveries and attempts.
-- Return how many of each, and the last id. An event that a worker holds stays until all of its deliveries have a row.
WITH erased AS MATERIALIZED (
    SELECT
        event_id,
        retention
    FROM webhooks.event
    WHERE organisation_id = :organisation_id
        AND leased_by IS NULL
        AND event_id > :after
    ORDER BY event_id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
),

of_event AS MATERIALIZED (
    SELECT
        delivery.delivery_id,
        delivery.retention
    FROM erased
    INNER JOIN webhooks.delivery
        ON delivery.event_id = erased.event_id
        AND delivery.delivery_id >= webhooks.first_id_of_time(erased.event_id)
        AND delivery.delivery_id <= webhooks.last_id_of_time(erased.event_id)
),

erased_attempt AS (
    DELETE FROM webhooks.earlier_attempt
    USING of_event
    WHERE earlier_attempt.delivery_id = of_event.delivery_id
        AND earlier_attempt.retention = of_event.retention
    RETURNING 1
),

erased_delivery AS (
    DELETE FROM webhooks.delivery
    USING of_event
    WHERE delivery.delivery_id = of_event.delivery_id
        AND delivery.retention = of_event.retention
    RETURNING 1
),

erased_event AS (
    DELETE FROM webhooks.event
    USING erased
    WHERE event.event_id = erased.event_id
        AND event.retention = erased.retention
    RETURNING
        event.organisation_id,
        event.tier,
        event.status,
        event.queued_deliveries
),

unqueued AS (
    INSERT INTO webhooks.queue_change (organisation_id, tier, deliveries)
    SELECT
        organisation_id,
        tier,
        -sum(queued_deliveries)
    FROM erased_event
    WHERE status = 'queued'
    GROUP BY
        organisation_id,
        tier
)

SELECT
    (SELECT count(*) FROM erased_event) AS events,
    (SELECT count(*) FROM erased_delivery) AS deliveries,
    (SELECT count(*) FROM erased_attempt) AS attempts,
    (SELECT event_id FROM erased ORDER BY event_id DESC LIMIT 1) AS last_id;
