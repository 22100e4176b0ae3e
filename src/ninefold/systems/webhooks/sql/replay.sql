-- name: replay_count_since$
-- Count the deliveries to a subscription between two ids, up to a limit.
SELECT count(*)
FROM (
    SELECT 1
    FROM webhooks.delivery
    WHERE subscription_id = :subscription_id
        AND delivery_id > :after_id
        AND delivery_id < :before_id
    LIMIT :limit
) AS counted;

-- name: replay_list_by_ids
-- Read those of these deliveries of an organisation whose ids follow one, by id.
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
WHERE delivery.delivery_id = ANY(:delivery_ids::uuid[])
    AND delivery.organisation_id = :organisation_id
    AND delivery.delivery_id > :after_id
ORDER BY delivery.delivery_id
LIMIT :limit;

-- name: replay_list_since
-- Read deliveries to a subscription between two ids, by id and therefore oldest event first.
-- The ids have the time of the event in milliseconds of the server's clock; created_at is that of the database's.
SELECT
    delivery.delivery_id,
    delivery.subscription_id,
    event.event_type,
    delivery.status,
    delivery.leased_by IS NOT NULL AS is_running,
    delivery.finished_at,
    coalesce(delivery.last_error_class, 'expired') AS error_class,
    delivery.created_at >= :since
    AND delivery.created_at < :until AS is_in_time
FROM webhooks.delivery
INNER JOIN webhooks.event ON event.event_id = delivery.event_id
WHERE delivery.subscription_id = :subscription_id
    AND delivery.organisation_id = :organisation_id
    AND delivery.delivery_id > :after_id
    AND delivery.delivery_id < :before_id
ORDER BY delivery.delivery_id
LIMIT :limit;

-- name: replay_read_clock$
-- Read the database's clock, by which deliveries are created and finished.
SELECT statement_timestamp();

-- name: replay_release
-- Start a new round for these deliveries if they are finished, and let them wait for their turn; returns their ids.
-- A row that another transaction has locked is being changed: a worker or a person has just started a round.
WITH finished AS MATERIALIZED (
    SELECT delivery_id
    FROM webhooks.delivery
    WHERE delivery_id = ANY(:delivery_ids::uuid[])
        AND status IN ('delivered', 'failed', 'canceled')
    ORDER BY delivery_id
    FOR UPDATE SKIP LOCKED
)

UPDATE webhooks.delivery
SET
    status = 'waiting',
    round_attempt_count = 0,
    round_started_at = now(),
    next_attempt_at = NULL,
    finished_at = NULL
FROM finished
WHERE delivery.delivery_id = finished.delivery_id
RETURNING delivery.delivery_id;
