-- name: partition_find_unfinished^
-- Return what keeps a range of events from being removed: queued events, pending deliveries, recent dead letters.
-- Each condition uses a partial index: `status <> 'delivered'` is that of one which leaves out what is delivered.
SELECT
    EXISTS (
        SELECT 1
        FROM webhooks.event
        WHERE event.retention = :retention
            AND event.event_id >= :first_id
            AND event.event_id < :end_id
            AND event.status = 'queued'
    ) AS has_queued_events,
    EXISTS (
        SELECT 1
        FROM webhooks.delivery
        WHERE delivery.retention = :retention
            AND delivery.delivery_id >= :first_id
            AND delivery.delivery_id < :end_id
            AND delivery.status <> 'delivered'
            AND delivery.status NOT IN ('failed', 'canceled')
    ) AS has_pending_deliveries,
    EXISTS (
        SELECT 1
        FROM webhooks.delivery
        WHERE delivery.retention = :retention
            AND delivery.delivery_id >= :first_id
            AND delivery.delivery_id < :end_id
            AND delivery.status = 'failed'
            AND delivery.finished_at > :failed_after::timestamptz
    ) AS has_dead_letters;

-- name: partition_has_events$
-- Return whether there are events with a retention from an id on.
SELECT EXISTS (
    SELECT 1
    FROM webhooks.event
    WHERE retention = :retention
        AND event_id >= :first_id
);

-- name: partition_has_retention$
-- Return whether there are partitions for a retention.
SELECT to_regclass(:table_name) IS NOT NULL;

-- name: partition_has_undispatched$
-- Return whether an event between two ids is queued.
SELECT EXISTS (
    SELECT 1
    FROM webhooks.event
    WHERE retention = :retention
        AND event_id >= :first_id
        AND event_id < :end_id
        AND status = 'queued'
);

-- name: partition_list
-- Read the partitions of events: the tables' names, their bounds, and whether they are sealed. The others are the same.
SELECT
    leaf.relname AS table_name,
    pg_get_expr(leaf.relpartbound, leaf.oid) AS bounds,
    EXISTS (
        SELECT 1
        FROM pg_constraint
        WHERE pg_constraint.conrelid = leaf.oid
            AND pg_constraint.conname = 'sealed'
            AND pg_constraint.convalidated
    ) AS is_sealed
FROM pg_inherits AS division
INNER JOIN pg_inherits AS subdivision ON subdivision.inhparent = division.inhrelid
INNER JOIN pg_class AS leaf ON leaf.oid = subdivision.inhrelid
WHERE division.inhparent = 'webhooks.event'::regclass
ORDER BY leaf.relname;

-- name: partition_lock$
-- Try to become the only one who changes partitions, until the session ends or unlocks; return whether it worked.
SELECT pg_try_advisory_lock(:key);

-- name: partition_lock_to_add$
-- Wait until no other process changes partitions, and block others until the transaction ends.
SELECT pg_advisory_xact_lock(:key);

-- name: partition_read_clock$
-- Read the database's clock.
SELECT statement_timestamp();

-- name: partition_unlock$
-- Let others change partitions.
SELECT pg_advisory_unlock(:key);
