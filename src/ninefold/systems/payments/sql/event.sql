-- name: event_claim_to_forward
-- Lock events that webhook delivery hasn't got yet, oldest first, until the end of the transaction.
SELECT *
FROM payments.event
WHERE forwarded_at IS NULL
ORDER BY event_id
LIMIT :limit
FOR NO KEY UPDATE SKIP LOCKED;

-- name: event_delete_before$
-- Delete old events; returns how many.
WITH deleted AS (
    DELETE FROM payments.event
    WHERE event_id IN (
        SELECT event_id
        FROM payments.event
        WHERE created_at < :before AND forwarded_at IS NOT NULL
        ORDER BY created_at
        LIMIT :limit
    )
    RETURNING event_id
)
SELECT count(*)
FROM deleted;

-- name: event_find^
-- Read one event of a merchant.
SELECT *
FROM payments.event
WHERE event_id = :event_id AND merchant_id = :merchant_id;

-- name: event_insert_many!
-- Insert events; without an endpoint of its merchant that could get it, one counts as forwarded.
INSERT INTO payments.event (event_id, organisation_id, merchant_id, type, snapshot, created_at, forwarded_at)
SELECT
    item.event_id,
    item.organisation_id,
    item.merchant_id,
    item.type,
    item.snapshot::jsonb,
    :created_at,
    CASE
        WHEN NOT EXISTS (
            SELECT 1
            FROM payments.webhook_endpoint
            WHERE webhook_endpoint.merchant_id = item.merchant_id AND is_enabled
        )
            THEN :created_at::timestamptz
    END
FROM unnest(
    :event_ids::uuid[], :organisation_ids::uuid[], :merchant_ids::uuid[], :types::text[], :snapshots::text[]
) AS item (event_id, organisation_id, merchant_id, type, snapshot);

-- name: event_list
-- Read a page of the events of a merchant.
SELECT *
FROM payments.event
WHERE
    merchant_id = :merchant_id
    AND (:types::text[] IS NULL OR type = ANY(:types))
    AND (:type_prefix::text IS NULL OR starts_with(type, :type_prefix))
    AND (:created_from::timestamptz IS NULL OR created_at >= :created_from)
    AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
    AND (:older_than::uuid IS NULL OR event_id < :older_than)
    AND (:newer_than::uuid IS NULL OR event_id > :newer_than)
ORDER BY
    CASE WHEN :is_upward::boolean THEN event_id END ASC,
    CASE WHEN NOT :is_upward::boolean THEN event_id END DESC
LIMIT :limit;

-- name: event_mark_forwarded!
-- Note that webhook delivery has got events.
UPDATE payments.event
SET forwarded_at = :at
WHERE event_id = ANY(:event_ids::uuid[]);
