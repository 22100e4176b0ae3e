-- name: search_find_end$
-- Find the first event that a search doesn't look at, newest first; NULL if it looks at all that there are.
-- A search is limited in events, in deliveries, and in bytes of payloads. The first event may exceed the limits.
-- octet_length() doesn't read a payload that is stored out of line.
SELECT event_id
FROM (
    SELECT
        event_id,
        row_number() OVER newest_first AS number,
        sum(queued_deliveries) OVER newest_first - queued_deliveries AS deliveries_before,
        sum(payload_bytes) OVER newest_first - payload_bytes AS payload_bytes_before
    FROM (
        SELECT
            event_id,
            queued_deliveries,
            octet_length(payload) AS payload_bytes
        FROM webhooks.event
        WHERE organisation_id = :organisation_id
            AND event_id >= :first_event_id
            AND event_id <= :last_event_id
        ORDER BY event_id DESC
        LIMIT :events_max::integer + 1
    ) AS latest
    WINDOW newest_first AS (ORDER BY event_id DESC ROWS UNBOUNDED PRECEDING)
) AS counted
WHERE number > :events_max
    OR deliveries_before > :deliveries_max
    OR payload_bytes_before > :payload_bytes_max
ORDER BY event_id DESC
LIMIT 1;

-- name: search_find_end_of_subscription$
-- Find the first delivery to a subscription that a search doesn't look at, newest first; NULL if it looks at all.
SELECT delivery_id
FROM (
    SELECT
        delivery_id,
        row_number() OVER newest_first AS number,
        sum(payload_bytes) OVER newest_first - payload_bytes AS payload_bytes_before
    FROM (
        SELECT
            delivery.delivery_id,
            octet_length(event.payload) AS payload_bytes
        FROM webhooks.delivery
        INNER JOIN webhooks.event ON event.event_id = delivery.event_id
        WHERE delivery.subscription_id = :subscription_id
            AND delivery.organisation_id = :organisation_id
            AND (:status::text IS NULL OR delivery.status = :status OR (:status = 'waiting' AND delivery.status = 'held'))
            AND delivery.delivery_id >= :first_delivery_id
            AND delivery.delivery_id <= :last_delivery_id
        ORDER BY delivery.delivery_id DESC
        LIMIT :deliveries_max::integer + 1
    ) AS latest
    WINDOW newest_first AS (ORDER BY delivery_id DESC ROWS UNBOUNDED PRECEDING)
) AS counted
WHERE number > :deliveries_max
    OR payload_bytes_before > :payload_bytes_max
ORDER BY delivery_id DESC
LIMIT 1;

-- name: search_find_event_by_key$
-- Find the newest event of an organisation with an idempotency key.
SELECT event_id
FROM webhooks.event
WHERE organisation_id = :organisation_id
    AND idempotency_key = :idempotency_key
ORDER BY event_id DESC
LIMIT 1;

-- name: search_list_deliveries
-- Read deliveries of an organisation between two events that meet some conditions, newest event first.
-- It reads the deliveries of each event by an index; there is none of an organisation's deliveries.
SELECT
    event.event_id,
    delivery.delivery_id
FROM webhooks.event
CROSS JOIN LATERAL (
    SELECT of_event.*
    FROM webhooks.delivery AS of_event
    WHERE of_event.event_id = event.event_id
        AND of_event.delivery_id >= webhooks.first_id_of_time(event.event_id)
        AND of_event.delivery_id <= webhooks.last_id_of_time(event.event_id)
    ORDER BY of_event.delivery_id DESC
    LIMIT :deliveries_per_event_max
) AS delivery
WHERE event.organisation_id = :organisation_id
    AND event.event_id >= :first_event_id
    AND event.event_id <= :last_event_id
    AND (event.event_id, delivery.delivery_id) < (:before_event_id::uuid, :before_delivery_id::uuid)
    AND delivery.delivery_id >= :first_delivery_id
    AND delivery.delivery_id <= :last_delivery_id
    AND event.accepted_at >= :accepted_after
    AND event.accepted_at < :accepted_before
    AND (:event_type::text IS NULL OR event.event_type = :event_type)
    AND starts_with(event.event_type, :event_type_prefix)
    AND (:status::text IS NULL OR delivery.status = :status OR (:status = 'waiting' AND delivery.status = 'held'))
    AND (:response_code_min::integer IS NULL OR delivery.last_response_status >= :response_code_min)
    AND (:response_code_max::integer IS NULL OR delivery.last_response_status <= :response_code_max)
    AND (
        :error_class::text IS NULL
        OR delivery.last_error_class = :error_class
        OR (:error_class = 'expired' AND delivery.last_error_class IS NULL AND delivery.status = 'failed')
    )
    AND (
        :text::text IS NULL
        OR delivery.subscription_id = ANY(:named_ids::uuid[])
        OR starts_with(event.event_type, :text)
        OR starts_with(event.idempotency_key, :text)
        OR EXISTS (
            SELECT 1
            FROM unnest(:needles::bytea[]) AS needle
            WHERE position(needle IN event.payload) > 0
        )
    )
ORDER BY
    event.event_id DESC,
    delivery.delivery_id DESC
LIMIT :limit;

-- name: search_list_deliveries_of_subscription
-- Read deliveries to a subscription between two ids that meet some conditions, newest event first.
SELECT
    delivery.event_id,
    delivery.delivery_id
FROM webhooks.delivery
INNER JOIN webhooks.event ON event.event_id = delivery.event_id
WHERE delivery.subscription_id = :subscription_id
    AND delivery.organisation_id = :organisation_id
    AND delivery.delivery_id >= :first_delivery_id
    AND delivery.delivery_id <= :last_delivery_id
    AND event.event_id >= :first_event_id
    AND event.event_id <= :last_event_id
    AND event.accepted_at >= :accepted_after
    AND event.accepted_at < :accepted_before
    AND (:event_type::text IS NULL OR event.event_type = :event_type)
    AND starts_with(event.event_type, :event_type_prefix)
    AND (:status::text IS NULL OR delivery.status = :status OR (:status = 'waiting' AND delivery.status = 'held'))
    AND (:response_code_min::integer IS NULL OR delivery.last_response_status >= :response_code_min)
    AND (:response_code_max::integer IS NULL OR delivery.last_response_status <= :response_code_max)
    AND (
        :error_class::text IS NULL
        OR delivery.last_error_class = :error_class
        OR (:error_class = 'expired' AND delivery.last_error_class IS NULL AND delivery.status = 'failed')
    )
    AND (
        :text::text IS NULL
        OR starts_with(event.event_type, :text)
        OR starts_with(event.idempotency_key, :text)
        OR EXISTS (
            SELECT 1
            FROM unnest(:needles::bytea[]) AS needle
            WHERE position(needle IN event.payload) > 0
        )
    )
ORDER BY delivery.delivery_id DESC
LIMIT :limit;

-- name: search_list_events
-- Read events of an organisation between two ids that meet some conditions, newest first.
-- :other_than is an event that is left out, because it was found before.
SELECT
    event_id,
    organisation_id,
    event_type,
    idempotency_key,
    queued_deliveries,
    status,
    accepted_at,
    dispatched_at,
    tier,
    ordering_key
FROM webhooks.event
WHERE organisation_id = :organisation_id
    AND event_id >= :first_event_id
    AND event_id <= :last_event_id
    AND event_id <> :other_than
    AND accepted_at >= :accepted_after
    AND accepted_at < :accepted_before
    AND (:event_type::text IS NULL OR event_type = :event_type)
    AND starts_with(event_type, :event_type_prefix)
    AND (
        :text::text IS NULL
        OR starts_with(event_type, :text)
        OR starts_with(idempotency_key, :text)
        OR EXISTS (
            SELECT 1
            FROM unnest(:needles::bytea[]) AS needle
            WHERE position(needle IN payload) > 0
        )
    )
ORDER BY event_id DESC
LIMIT :limit;

-- name: search_list_subscription_ids
-- Read the newest subscriptions of an organisation whose URL or description has a text, in any case.
SELECT subscription_id
FROM webhooks.subscription
WHERE organisation_id = :organisation_id
    AND deleted_at IS NULL
    AND (strpos(lower(url), lower(:text)) > 0 OR strpos(lower(description), lower(:text)) > 0)
ORDER BY subscription_id DESC
LIMIT :limit;

-- name: search_plan_each_query$
-- Let the database plan each query of this transaction for its values, of which the best index depends.
-- A plan for any status can't use the index that leaves out what is delivered.
SELECT set_config('plan_cache_mode', 'force_custom_plan', TRUE);
