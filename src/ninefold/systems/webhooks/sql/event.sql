-- name: event_claim
-- Take queued events for a worker: a fair share for each organisation that has some and isn't held back, oldest first.
-- Organisations are found by leaps through the index, beginning where the turn before ended; where this one ends is
-- answered too, also if nothing was taken, unless it has seen the last of them. What is taken
-- together stays within a budget of payload bytes and of deliveries, of which the first event may be more. Which
-- organisations are within it is left to chance: by age, those with a backlog of large payloads would always be first.
WITH RECURSIVE organisation AS (
    (
        SELECT
            organisation_id,
            1 AS position
        FROM webhooks.event
        WHERE status = 'queued'
            AND leased_by IS NULL
            AND organisation_id > :after
        ORDER BY organisation_id
        LIMIT 1
    )
    UNION ALL
    SELECT
        following.organisation_id,
        organisation.position + 1
    FROM organisation
    CROSS JOIN LATERAL (
        SELECT event.organisation_id
        FROM webhooks.event
        WHERE event.status = 'queued'
            AND event.leased_by IS NULL
            AND event.organisation_id > organisation.organisation_id
        ORDER BY event.organisation_id
        LIMIT 1
    ) AS following
    WHERE organisation.position < :organisations_max::integer
),

served AS MATERIALIZED (
    SELECT
        organisation_id,
        random() AS place
    FROM organisation
    WHERE organisation_id <> ALL(:held_back::uuid[])
),

candidate AS MATERIALIZED (
    SELECT
        head.*,
        served.place
    FROM served
    CROSS JOIN LATERAL (
        SELECT
            event.event_id,
            event.organisation_id,
            event.queued_deliveries,
            octet_length(event.payload) AS payload_bytes
        FROM webhooks.event
        WHERE event.status = 'queued'
            AND event.leased_by IS NULL
            AND event.organisation_id = served.organisation_id
        ORDER BY event.event_id
        LIMIT (SELECT ceil(:limit::numeric / count(*))::integer FROM served)
        FOR UPDATE SKIP LOCKED
    ) AS head
),

ranked AS (
    SELECT
        event_id,
        queued_deliveries,
        payload_bytes,
        place,
        row_number() OVER (PARTITION BY organisation_id ORDER BY event_id) AS rank
    FROM candidate
),

chosen AS (
    SELECT event_id
    FROM (
        SELECT
            event_id,
            sum(queued_deliveries) OVER (ORDER BY rank, place) - queued_deliveries AS deliveries_before,
            sum(payload_bytes) OVER (ORDER BY rank, place) - payload_bytes AS payload_bytes_before
        FROM ranked
    ) AS summed
    WHERE deliveries_before < :deliveries_max
        AND payload_bytes_before < :payload_bytes_max
),

taken AS (
    UPDATE webhooks.event
    SET
        leased_by = :worker_id,
        claim_count = event.claim_count + 1
    FROM chosen
    WHERE event.event_id = chosen.event_id
    RETURNING
        event.event_id,
        event.organisation_id,
        event.event_type,
        event.payload,
        event.accepted_at,
        event.claim_count,
        (
            SELECT subscription_version.version
            FROM webhooks.subscription_version
            WHERE subscription_version.organisation_id = event.organisation_id
        ) AS subscription_version
),

turn_end AS (
    SELECT organisation_id AS turn_ended_at
    FROM organisation
    WHERE position = :organisations_max::integer
)

SELECT *
FROM taken
FULL JOIN turn_end ON TRUE;

-- name: event_count_queued$
-- Count the events that wait for their first attempts, or are having them, up to a bound.
-- In two parts, since there is an index of either, and of dispatched events there may be millions.
SELECT count(*)
FROM (
    (
        SELECT 1
        FROM webhooks.event
        WHERE status = 'queued'
            AND leased_by IS NULL
        LIMIT :limit
    )
    UNION ALL
    (
        SELECT 1
        FROM webhooks.event
        WHERE leased_by IS NOT NULL
        LIMIT :limit
    )
    LIMIT :limit
) AS queued;

-- name: event_find^
-- Read one event of an organisation.
SELECT
    event_id,
    organisation_id,
    event_type,
    idempotency_key,
    queued_deliveries,
    status,
    accepted_at,
    dispatched_at
FROM webhooks.event
WHERE event_id = :event_id
    AND organisation_id = :organisation_id;

-- name: event_find_earlier
-- Read the events of an organisation whose idempotency keys these were published with again, and say what differs.
-- Payloads are compared here: the earlier ones may be large, and would be read for nothing else.
SELECT
    published.event_id AS later_event_id,
    event.event_id,
    event.queued_deliveries,
    event.event_type <> published.event_type AS is_type_different,
    event.payload <> published.payload AS is_payload_different
FROM unnest(
    :event_ids::uuid[],
    :event_types::text[],
    :payloads::bytea[],
    :idempotency_keys::text[]
) AS published (event_id, event_type, payload, idempotency_key)
INNER JOIN webhooks.event ON event.idempotency_key = published.idempotency_key
WHERE event.organisation_id = :organisation_id;

-- name: event_find_payload$
-- Read what an event of an organisation was published with, byte for byte.
SELECT payload
FROM webhooks.event
WHERE event_id = :event_id
    AND organisation_id = :organisation_id;

-- name: event_finish!
-- Mark the events whose every delivery has an outcome, as far as this worker still holds them.
UPDATE webhooks.event
SET
    status = 'dispatched',
    dispatched_at = clock_timestamp(),
    leased_by = NULL
WHERE event_id = ANY(:event_ids::uuid[])
    AND leased_by = :worker_id;

-- name: event_insert_many
-- Accept events; one whose idempotency key is taken is left out, and its id isn't answered.
-- An event that nobody wants has no fan-out, and is dispatched from the start.
INSERT INTO webhooks.event (
    event_id,
    organisation_id,
    event_type,
    payload,
    idempotency_key,
    queued_deliveries,
    status,
    dispatched_at
)
SELECT
    new_event.event_id,
    :organisation_id,
    new_event.event_type,
    new_event.payload,
    new_event.idempotency_key,
    new_event.queued_deliveries,
    CASE WHEN new_event.queued_deliveries > 0 THEN 'queued' ELSE 'dispatched' END,
    CASE WHEN new_event.queued_deliveries > 0 THEN NULL ELSE now() END
FROM unnest(
    :event_ids::uuid[],
    :event_types::text[],
    :payloads::bytea[],
    :idempotency_keys::text[],
    :queued_deliveries::integer[]
) AS new_event (event_id, event_type, payload, idempotency_key, queued_deliveries)
ON CONFLICT (organisation_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
RETURNING event_id;

-- name: event_list
-- Read a page of an organisation's events, newest first.
SELECT
    event_id,
    organisation_id,
    event_type,
    idempotency_key,
    queued_deliveries,
    status,
    accepted_at,
    dispatched_at
FROM webhooks.event
WHERE organisation_id = :organisation_id
    AND (:before::uuid IS NULL OR event_id < :before)
ORDER BY event_id DESC
LIMIT :limit;

-- name: event_list_queued
-- Read a page of an organisation's queued events of some types, newest first.
-- In two parts, since there is an index of either: those that nobody holds, and those that a worker has taken.
SELECT queued.*
FROM (
    (
        SELECT
            event_id,
            organisation_id,
            event_type,
            idempotency_key,
            queued_deliveries,
            status,
            accepted_at,
            dispatched_at
        FROM webhooks.event
        WHERE status = 'queued'
            AND leased_by IS NULL
            AND organisation_id = :organisation_id
            AND event_id < :before
            AND accepted_at >= :since
            AND event_type ~ :wanted_form
        ORDER BY event_id DESC
        LIMIT :limit
    )
    UNION ALL
    (
        SELECT
            event_id,
            organisation_id,
            event_type,
            idempotency_key,
            queued_deliveries,
            status,
            accepted_at,
            dispatched_at
        FROM webhooks.event
        WHERE leased_by IS NOT NULL
            AND organisation_id = :organisation_id
            AND event_id < :before
            AND accepted_at >= :since
            AND event_type ~ :wanted_form
        ORDER BY event_id DESC
        LIMIT :limit
    )
) AS queued
ORDER BY event_id DESC
LIMIT :limit;

-- name: event_release!
-- Give back the events that these workers hold.
UPDATE webhooks.event
SET leased_by = NULL
WHERE leased_by = ANY(:worker_ids::uuid[]);

-- name: event_release_unknown!
-- Give back the events that a worker holds without knowing it, because an error hid from it what it had claimed.
UPDATE webhooks.event
SET leased_by = NULL
WHERE leased_by = :worker_id
    AND event_id <> ALL(:known_ids::uuid[]);
