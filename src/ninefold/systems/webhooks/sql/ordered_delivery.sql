-- name: ordered_delivery_cancel_deleted!
-- Cancel the held deliveries of these events whose subscriptions were deleted while the events were accepted.
WITH unwanted AS MATERIALIZED (
    SELECT delivery.delivery_id
    FROM unnest(:event_ids::uuid[]) AS ordered_event (event_id)
    INNER JOIN webhooks.delivery
        ON delivery.event_id = ordered_event.event_id
        AND delivery.delivery_id >= webhooks.first_id_of_time(ordered_event.event_id)
        AND delivery.delivery_id <= webhooks.last_id_of_time(ordered_event.event_id)
    INNER JOIN webhooks.subscription ON subscription.subscription_id = delivery.subscription_id
    WHERE delivery.status = 'held'
        AND subscription.deleted_at IS NOT NULL
    FOR UPDATE OF delivery SKIP LOCKED
),

unordered AS (
    DELETE FROM webhooks.ordered_delivery
    USING unwanted
    WHERE ordered_delivery.delivery_id = unwanted.delivery_id
)

UPDATE webhooks.delivery
SET
    status = 'canceled',
    finished_at = now()
FROM unwanted
WHERE delivery.delivery_id = unwanted.delivery_id;

-- name: ordered_delivery_count_blocked$
-- Count the ordering keys whose current delivery has failed for good, up to a limit.
SELECT count(*)
FROM (
    SELECT 1
    FROM webhooks.ordered_delivery
    INNER JOIN webhooks.delivery ON delivery.delivery_id = ordered_delivery.delivery_id
    WHERE ordered_delivery.blocked_at IS NOT NULL
        AND delivery.status = 'failed'
    LIMIT :limit
) AS blocked;

-- name: ordered_delivery_delete!
-- Take deliveries that were canceled out of the order, without a turn for the next ones: their subscription is deleted.
DELETE FROM webhooks.ordered_delivery
WHERE delivery_id = ANY(:delivery_ids::uuid[]);

-- name: ordered_delivery_delete_unkept
-- Take the deliveries of a partition out of the order before it is dropped; return their subscriptions and keys.
DELETE FROM webhooks.ordered_delivery
USING webhooks.delivery
WHERE delivery.retention = :retention
    AND delivery.delivery_id >= :first_id
    AND delivery.delivery_id < :end_id
    AND ordered_delivery.delivery_id = delivery.delivery_id
RETURNING
    ordered_delivery.subscription_id,
    ordered_delivery.ordering_key;

-- name: ordered_delivery_end_turns
-- Take those of these deliveries that have ended out of the order; return their subscriptions and keys.
-- One that has failed stays, and is marked as blocking, if its subscription says so.
WITH ended AS MATERIALIZED (
    SELECT
        ordered_delivery.position,
        delivery.status = 'failed'
        AND subscription.ordering = 'fifo'
        AND subscription.ordering_on_failure = 'block' AS is_blocking
    FROM webhooks.ordered_delivery
    INNER JOIN webhooks.delivery ON delivery.delivery_id = ordered_delivery.delivery_id
    INNER JOIN webhooks.subscription ON subscription.subscription_id = ordered_delivery.subscription_id
    WHERE ordered_delivery.delivery_id = ANY(:delivery_ids::uuid[])
        AND delivery.status IN ('delivered', 'failed', 'canceled')
    ORDER BY ordered_delivery.position
    FOR UPDATE OF ordered_delivery
),

blocking AS (
    UPDATE webhooks.ordered_delivery
    SET blocked_at = now()
    FROM ended
    WHERE ordered_delivery.position = ended.position
        AND ended.is_blocking
)

DELETE FROM webhooks.ordered_delivery
USING ended
WHERE ordered_delivery.position = ended.position
    AND NOT ended.is_blocking
RETURNING
    ordered_delivery.subscription_id,
    ordered_delivery.ordering_key;

-- name: ordered_delivery_expire_held
-- End some deliveries of these keys that a partition still holds as failed, because its retention is over.
-- Return their ids.
-- They leave the order without having had a turn, so the key stays blocked by what blocks it.
WITH held AS MATERIALIZED (
    SELECT
        delivery.delivery_id,
        delivery.retention
    FROM unnest(:subscription_ids::uuid[], :ordering_keys::text[]) AS key (subscription_id, ordering_key)
    INNER JOIN webhooks.ordered_delivery
        ON ordered_delivery.subscription_id = key.subscription_id
        AND ordered_delivery.ordering_key = key.ordering_key
    INNER JOIN webhooks.delivery ON delivery.delivery_id = ordered_delivery.delivery_id
    WHERE ordered_delivery.turn_started_at IS NULL
        AND ordered_delivery.delivery_id >= :first_id
        AND ordered_delivery.delivery_id < :end_id
        AND delivery.retention = :retention
        AND delivery.status = 'held'
    ORDER BY delivery.delivery_id
    LIMIT :limit
    FOR UPDATE OF delivery
),

unordered AS (
    DELETE FROM webhooks.ordered_delivery
    USING held
    WHERE ordered_delivery.delivery_id = held.delivery_id
)

UPDATE webhooks.delivery
SET
    status = 'failed',
    finished_at = now()
FROM held
WHERE delivery.delivery_id = held.delivery_id
    AND delivery.retention = held.retention
RETURNING delivery.delivery_id;

-- name: ordered_delivery_find^
-- Read the place of an organisation's delivery among those of its key, if it has one.
SELECT
    ordered_delivery.subscription_id,
    ordered_delivery.ordering_key,
    ordered_delivery.turn_started_at IS NOT NULL AS is_current
FROM webhooks.ordered_delivery
INNER JOIN webhooks.delivery ON delivery.delivery_id = ordered_delivery.delivery_id
WHERE ordered_delivery.delivery_id = :delivery_id
    AND delivery.organisation_id = :organisation_id;

-- name: ordered_delivery_insert_many!
-- Insert deliveries that are held until it is their turn, in this order.
WITH ordered AS MATERIALIZED (
    SELECT *
    FROM unnest(
        :delivery_ids::uuid[],
        :organisation_ids::uuid[],
        :event_ids::uuid[],
        :subscription_ids::uuid[],
        :ordering_keys::text[],
        :tiers::smallint[],
        :retentions::smallint[]
    ) WITH ORDINALITY AS ordered (
        delivery_id, organisation_id, event_id, subscription_id, ordering_key, tier, retention, number
    )
),

held AS (
    INSERT INTO webhooks.delivery (
        delivery_id,
        organisation_id,
        event_id,
        subscription_id,
        status,
        attempt_count,
        round_attempt_count,
        round_started_at,
        finished_at,
        created_at,
        tier,
        retention
    )
    SELECT
        delivery_id,
        organisation_id,
        event_id,
        subscription_id,
        'held',
        0,
        0,
        now(),
        NULL,
        now(),
        tier,
        retention
    FROM ordered
)

INSERT INTO webhooks.ordered_delivery (
    subscription_id,
    ordering_key,
    delivery_id
)
SELECT
    subscription_id,
    ordering_key,
    delivery_id
FROM ordered
ORDER BY number;

-- name: ordered_delivery_list_blocked
-- Read a page of the keys of a subscription whose current delivery has failed for good, with that delivery.
-- The deliveries that wait for it are counted up to a limit.
SELECT
    ordered_delivery.position,
    ordered_delivery.ordering_key,
    ordered_delivery.blocked_at,
    ordered_delivery.delivery_id,
    delivery.event_id,
    event.event_type,
    coalesce(delivery.last_error_class, 'expired') AS error_class,
    delivery.last_response_status AS response_status,
    (
        SELECT count(*)
        FROM (
            SELECT 1
            FROM webhooks.ordered_delivery AS later
            WHERE later.subscription_id = ordered_delivery.subscription_id
                AND later.ordering_key = ordered_delivery.ordering_key
                AND later.turn_started_at IS NULL
            LIMIT :waiting_max
        ) AS counted
    ) AS waiting_count
FROM webhooks.ordered_delivery
INNER JOIN webhooks.delivery ON delivery.delivery_id = ordered_delivery.delivery_id
INNER JOIN webhooks.event ON event.event_id = delivery.event_id
WHERE ordered_delivery.subscription_id = :subscription_id
    AND ordered_delivery.blocked_at IS NOT NULL
    AND delivery.status = 'failed'
    AND ordered_delivery.position > :after
ORDER BY ordered_delivery.position
LIMIT :limit;

-- name: ordered_delivery_list_blocked_subscriptions
-- Count the blocked keys of each subscription of an organisation, up to a limit; those with the most first.
SELECT
    subscription.subscription_id,
    subscription.description,
    subscription.url,
    count(*) AS count,
    min(blocked.blocked_at) AS since
FROM webhooks.subscription
CROSS JOIN LATERAL (
    SELECT ordered_delivery.blocked_at
    FROM webhooks.ordered_delivery
    INNER JOIN webhooks.delivery ON delivery.delivery_id = ordered_delivery.delivery_id
    WHERE ordered_delivery.subscription_id = subscription.subscription_id
        AND ordered_delivery.blocked_at IS NOT NULL
        AND delivery.status = 'failed'
    LIMIT :keys_max
) AS blocked
WHERE subscription.organisation_id = :organisation_id
    AND subscription.ordering = 'fifo'
GROUP BY subscription.subscription_id
ORDER BY
    count(*) DESC,
    subscription.subscription_id
LIMIT :limit;

-- name: ordered_delivery_list_blocking
-- Read all deliveries of a subscription that block their keys.
SELECT ordered_delivery.delivery_id
FROM webhooks.ordered_delivery
INNER JOIN webhooks.delivery ON delivery.delivery_id = ordered_delivery.delivery_id
WHERE ordered_delivery.subscription_id = :subscription_id
    AND ordered_delivery.blocked_at IS NOT NULL
    AND delivery.status = 'failed';

-- name: ordered_delivery_list_held_keys
-- Read some subscriptions and keys of the deliveries that a partition holds.
SELECT DISTINCT
    ordered_delivery.subscription_id,
    ordered_delivery.ordering_key
FROM webhooks.delivery
INNER JOIN webhooks.ordered_delivery ON ordered_delivery.delivery_id = delivery.delivery_id
WHERE delivery.retention = :retention
    AND delivery.delivery_id >= :first_id
    AND delivery.delivery_id < :end_id
    AND delivery.status = 'held'
    AND delivery.status <> 'delivered'
LIMIT :limit;

-- name: ordered_delivery_list_keys
-- Read the subscriptions and keys of the deliveries of these events that haven't ended; not of deleted subscriptions.
SELECT DISTINCT
    ordered_delivery.subscription_id,
    ordered_delivery.ordering_key
FROM unnest(:event_ids::uuid[]) AS ordered_event (event_id)
INNER JOIN webhooks.delivery
    ON delivery.event_id = ordered_event.event_id
    AND delivery.delivery_id >= webhooks.first_id_of_time(ordered_event.event_id)
    AND delivery.delivery_id <= webhooks.last_id_of_time(ordered_event.event_id)
INNER JOIN webhooks.ordered_delivery ON ordered_delivery.delivery_id = delivery.delivery_id
INNER JOIN webhooks.subscription ON subscription.subscription_id = ordered_delivery.subscription_id
WHERE subscription.deleted_at IS NULL;

-- name: ordered_delivery_lock_turns
-- Lock the current deliveries of some keys until the transaction ends, so that none of their turns ends meanwhile.
-- Without this, a transaction that ends a turn might not see a delivery that was just accepted, while the transaction
-- that claims its event still sees the turn; then nobody would start the next one.
SELECT ordered_delivery.position
FROM unnest(:subscription_ids::uuid[], :ordering_keys::text[]) AS key (subscription_id, ordering_key)
INNER JOIN webhooks.ordered_delivery
    ON ordered_delivery.subscription_id = key.subscription_id
    AND ordered_delivery.ordering_key = key.ordering_key
WHERE ordered_delivery.turn_started_at IS NOT NULL
ORDER BY ordered_delivery.position
FOR SHARE OF ordered_delivery;

-- name: ordered_delivery_start_turns
-- Start the turns of the first deliveries of those of these keys that have no current one; return which have begun.
-- The delivery's lock decides between two transactions that do this at the same time.
WITH next AS MATERIALIZED (
    SELECT first_of_key.delivery_id
    FROM (
        SELECT DISTINCT
            subscription_id,
            ordering_key
        FROM unnest(:subscription_ids::uuid[], :ordering_keys::text[]) AS requested (subscription_id, ordering_key)
    ) AS key
    CROSS JOIN LATERAL (
        SELECT ordered_delivery.delivery_id
        FROM webhooks.ordered_delivery
        WHERE ordered_delivery.subscription_id = key.subscription_id
            AND ordered_delivery.ordering_key = key.ordering_key
            AND ordered_delivery.turn_started_at IS NULL
        ORDER BY ordered_delivery.position
        LIMIT 1
    ) AS first_of_key
    INNER JOIN webhooks.subscription ON subscription.subscription_id = key.subscription_id
    WHERE subscription.deleted_at IS NULL
        AND NOT EXISTS (
            SELECT 1
            FROM webhooks.ordered_delivery AS current
            WHERE current.subscription_id = key.subscription_id
                AND current.ordering_key = key.ordering_key
                AND current.turn_started_at IS NOT NULL
        )
),

held AS MATERIALIZED (
    SELECT delivery.delivery_id
    FROM next
    INNER JOIN webhooks.delivery ON delivery.delivery_id = next.delivery_id
    WHERE delivery.status = 'held'
    ORDER BY delivery.delivery_id
    FOR UPDATE OF delivery
),

started AS (
    UPDATE webhooks.ordered_delivery
    SET turn_started_at = now()
    FROM held
    WHERE ordered_delivery.delivery_id = held.delivery_id
)

UPDATE webhooks.delivery
SET
    status = 'waiting',
    round_started_at = now()
FROM held
WHERE delivery.delivery_id = held.delivery_id
RETURNING
    delivery.delivery_id,
    delivery.organisation_id,
    delivery.subscription_id;
