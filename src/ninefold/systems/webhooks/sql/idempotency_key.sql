-- name: idempotency_key_delete_before$
-- Delete some idempotency keys of events before an id, oldest first; return how many.
WITH expired AS (
    SELECT
        organisation_id,
        idempotency_key
    FROM webhooks.idempotency_key
    WHERE event_id < :before
    ORDER BY event_id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
),

deleted AS (
    DELETE FROM webhooks.idempotency_key
    USING expired
    WHERE idempotency_key.organisation_id = expired.organisation_id
        AND idempotency_key.idempotency_key = expired.idempotency_key
    RETURNING 1
)

SELECT count(*)
FROM deleted;
