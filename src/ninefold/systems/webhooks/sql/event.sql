-- name: event_claim
-- Claim queued events of a tier for a worker: a fair share for each organisation, oldest events first.
-- It scans up to :organisations_max organisations that have queued events, in the order of their ids, starting after
-- :after. Each step of the recursive CTE finds the next organisation with one index lookup. Organisations in :held_back
-- are scanned, but nothing of theirs is claimed.
-- The payload bytes and deliveries of the claimed events are limited; the first event may exceed both limits.
-- Organisations are ordered at random, because by age, one with a backlog of large payloads would always come first.
-- last_organisation_id is where the next scan continues. It is returned even if no event is claimed, in a row of its
-- own, and is NULL when no organisation is left to scan.
WITH RECURSIVE scanned AS (
    (
        SELECT
            organisation_id,
            1 AS position
        FROM webhooks.event
        WHERE status = 'queued'
            AND leased_by IS NULL
            AND tier = :tier
            AND organisation_id > :after
        ORDER BY organisation_id
        LIMIT 1
    )
    UNION ALL
    SELECT
        next_organisation.organisation_id,
        scanned.position + 1
    FROM scanned
    CROSS JOIN LATERAL (
        SELECT event.organisation_id
        FROM webhooks.event
        WHERE event.status = 'queued'
            AND event.leased_by IS NULL
            AND event.tier = :tier
            AND event.organisation_id > scanned.organisation_id
        ORDER BY event.organisation_id
        LIMIT 1
    ) AS next_organisation
    WHERE scanned.position < :organisations_max::integer
),

served AS MATERIALIZED (
    SELECT
        organisation_id,
        random() AS random_order
    FROM scanned
    WHERE organisation_id <> ALL(:held_back::uuid[])
),

candidate AS MATERIALIZED (
    SELECT
        oldest.*,
        served.random_order
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
            AND event.tier = :tier
            AND event.organisation_id = served.organisation_id
        ORDER BY event.event_id
        LIMIT (SELECT ceil(:limit::numeric / count(*))::integer FROM served)
        FOR UPDATE SKIP LOCKED
    ) AS oldest
),

ranked AS (
    SELECT
        event_id,
        queued_deliveries,
        payload_bytes,
        random_order,
        row_number() OVER (PARTITION BY organisation_id ORDER BY event_id) AS rank
    FROM candidate
),

chosen AS (
    SELECT event_id
    FROM (
        SELECT
            event_id,
            sum(queued_deliveries) OVER (ORDER BY rank, random_order) - queued_deliveries AS deliveries_before,
            sum(payload_bytes) OVER (ORDER BY rank, random_order) - payload_bytes AS payload_bytes_before
        FROM ranked
    ) AS running_total
    WHERE deliveries_before < :deliveries_max
        AND payload_bytes_before < :payload_bytes_max
),

claimed AS (
    UPDATE webhooks.event
    SET
        leased_by = :worker_id,
        claim_count = event.claim_count + 1
    FROM chosen
    WHERE event.event_id = chosen.event_id
        AND event.status = 'queued'
    RETURNING
        event.event_id,
        event.organisation_id,
        event.event_type,
        event.payload,
        event.accepted_at,
        event.claim_count,
        event.tier,
        event.is_ordered,
        event.retention,
        (
            SELECT subscription_version.version
            FROM webhooks.subscription_version
            WHERE subscription_version.organisation_id = event.organisation_id
        ) AS subscription_version
),

scan_end AS (
    SELECT organisation_id AS last_organisation_id
    FROM scanned
    WHERE position = :organisations_max::integer
)

SELECT *
FROM claimed
FULL JOIN scan_end ON TRUE;

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
    dispatched_at,
    tier,
    ordering_key
FROM webhooks.event
WHERE event_id = :event_id
    AND organisation_id = :organisation_id;

-- name: event_find_earlier
-- Find the earlier events with the idempotency keys of these events, and return what differs.
-- The query compares the payloads, so that the earlier ones, which can be large, aren't transferred.
SELECT
    published.event_id AS later_event_id,
    event.event_id,
    event.queued_deliveries,
    event.event_type <> published.event_type AS is_type_different,
    event.payload <> published.payload AS is_payload_different,
    event.tier <> published.tier AS is_tier_different,
    event.ordering_key IS DISTINCT FROM published.ordering_key AS is_ordering_key_different
FROM unnest(
    :event_ids::uuid[],
    :organisation_ids::uuid[],
    :event_types::text[],
    :payloads::bytea[],
    :idempotency_keys::text[],
    :tiers::smallint[],
    :ordering_keys::text[]
) AS published (event_id, organisation_id, event_type, payload, idempotency_key, tier, ordering_key)
INNER JOIN webhooks.idempotency_key
    ON idempotency_key.organisation_id = published.organisation_id
    AND idempotency_key.idempotency_key = published.idempotency_key
INNER JOIN webhooks.event ON event.event_id = idempotency_key.event_id;

-- name: event_find_payload$
-- Read the payload of an event of an organisation, exactly as it was published.
SELECT payload
FROM webhooks.event
WHERE event_id = :event_id
    AND organisation_id = :organisation_id;

-- name: event_finish!
-- Mark events as dispatched, because each of their deliveries has an outcome; skip those that this worker has lost.
-- The condition on the status leaves out the partitions in which every event is dispatched. Their deliveries leave the
-- queue.
WITH finished AS (
    UPDATE webhooks.event
    SET
        status = 'dispatched',
        dispatched_at = clock_timestamp(),
        leased_by = NULL
    WHERE event_id = ANY(:event_ids::uuid[])
        AND status = 'queued'
        AND leased_by = :worker_id
    RETURNING
        organisation_id,
        tier,
        queued_deliveries
)

INSERT INTO webhooks.queue_change (organisation_id, tier, deliveries)
SELECT
    organisation_id,
    tier,
    -sum(queued_deliveries)
FROM finished
GROUP BY
    organisation_id,
    tier;

-- name: event_insert_many
-- Insert events and return their ids and retentions; skip those whose idempotency key is already used.
-- An event without a matching subscription has no fan-out, so it is dispatched from the start. The deliveries of the
-- others are queued. The retention is that of its organisation, or the standard one.
WITH new_event AS MATERIALIZED (
    SELECT *
    FROM unnest(
        :event_ids::uuid[],
        :organisation_ids::uuid[],
        :event_types::text[],
        :payloads::bytea[],
        :idempotency_keys::text[],
        :queued_deliveries::integer[],
        :tiers::smallint[],
        :ordering_keys::text[],
        :are_ordered::boolean[]
    ) AS listed (
        event_id,
        organisation_id,
        event_type,
        payload,
        idempotency_key,
        queued_deliveries,
        tier,
        ordering_key,
        is_ordered
    )
),

used_key AS (
    INSERT INTO webhooks.idempotency_key (
        organisation_id,
        idempotency_key,
        event_id
    )
    SELECT
        organisation_id,
        idempotency_key,
        event_id
    FROM new_event
    WHERE idempotency_key IS NOT NULL
    ON CONFLICT (organisation_id, idempotency_key) DO NOTHING
    RETURNING event_id
),

accepted AS (
    INSERT INTO webhooks.event (
        event_id,
        organisation_id,
        event_type,
        payload,
        idempotency_key,
        queued_deliveries,
        tier,
        status,
        dispatched_at,
        ordering_key,
        is_ordered,
        retention
    )
    SELECT
        new_event.event_id,
        new_event.organisation_id,
        new_event.event_type,
        new_event.payload,
        new_event.idempotency_key,
        new_event.queued_deliveries,
        new_event.tier,
        CASE WHEN new_event.queued_deliveries > 0 THEN 'queued' ELSE 'dispatched' END,
        CASE WHEN new_event.queued_deliveries > 0 THEN NULL ELSE now() END,
        new_event.ordering_key,
        new_event.is_ordered,
        coalesce(
            (
                SELECT organisation_retention.retention
                FROM webhooks.organisation_retention
                WHERE organisation_retention.organisation_id = new_event.organisation_id
            ),
            2
        )
    FROM new_event
    WHERE new_event.idempotency_key IS NULL
        OR new_event.event_id IN (SELECT used_key.event_id FROM used_key)
    RETURNING
        event_id,
        organisation_id,
        queued_deliveries,
        tier,
        retention
),

queued AS (
    INSERT INTO webhooks.queue_change (organisation_id, tier, deliveries)
    SELECT
        organisation_id,
        tier,
        sum(queued_deliveries)
    FROM accepted
    WHERE queued_deliveries > 0
    GROUP BY
        organisation_id,
        tier
)

SELECT
    event_id,
    retention
FROM accepted;

-- name: event_insert_test$
-- Insert an event for one subscription, and return its retention.
-- It is dispatched from the start: its delivery is inserted with it.
INSERT INTO webhooks.event (
    event_id,
    organisation_id,
    event_type,
    payload,
    queued_deliveries,
    status,
    dispatched_at,
    retention
)
VALUES (
    :event_id,
    :organisation_id,
    :event_type,
    :payload,
    1,
    'dispatched',
    now(),
    coalesce(
        (
            SELECT organisation_retention.retention
            FROM webhooks.organisation_retention
            WHERE organisation_retention.organisation_id = :organisation_id
        ),
        2
    )
)
RETURNING retention;

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
    dispatched_at,
    tier,
    ordering_key
FROM webhooks.event
WHERE organisation_id = :organisation_id
    AND (:before::uuid IS NULL OR event_id < :before)
ORDER BY event_id DESC
LIMIT :limit;

-- name: event_list_claimable_tiers
-- Return the tiers with events that are waiting for a worker.
SELECT each_tier.tier::smallint AS tier
FROM generate_series(0, 2) AS each_tier (tier)
WHERE EXISTS (
    SELECT 1
    FROM webhooks.event
    WHERE event.status = 'queued'
        AND event.leased_by IS NULL
        AND event.tier = each_tier.tier
);

-- name: event_list_queued
-- Read a page of an organisation's queued events whose type matches a regular expression, newest first.
-- The first half reads the events that no worker holds, and the second half those that one holds; each uses an index.
SELECT queued.*
FROM (
    (
        SELECT of_tier.*
        FROM generate_series(0, 2) AS each_tier (tier)
        CROSS JOIN LATERAL (
            SELECT
                event_id,
                organisation_id,
                event_type,
                idempotency_key,
                queued_deliveries,
                status,
                accepted_at,
                dispatched_at,
                event.tier,
                ordering_key
            FROM webhooks.event
            WHERE status = 'queued'
                AND leased_by IS NULL
                AND event.tier = each_tier.tier
                AND organisation_id = :organisation_id
                AND event_id < :before
                AND accepted_at >= :since
                AND event_type ~ :event_type_regex
            ORDER BY event_id DESC
            LIMIT :limit
        ) AS of_tier
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
            dispatched_at,
            tier,
            ordering_key
        FROM webhooks.event
        WHERE status = 'queued'
            AND leased_by IS NOT NULL
            AND organisation_id = :organisation_id
            AND event_id < :before
            AND accepted_at >= :since
            AND event_type ~ :event_type_regex
        ORDER BY event_id DESC
        LIMIT :limit
    )
) AS queued
ORDER BY event_id DESC
LIMIT :limit;

-- name: event_release!
-- Release the events that these workers hold.
UPDATE webhooks.event
SET leased_by = NULL
WHERE status = 'queued'
    AND leased_by = ANY(:worker_ids::uuid[]);

-- name: event_release_unknown!
-- Release the events of a tier that a worker holds but doesn't know of.
-- That is so if its claim was committed without confirmation.
UPDATE webhooks.event
SET leased_by = NULL
WHERE status = 'queued'
    AND leased_by = :worker_id
    AND tier = :tier
    AND event_id <> ALL(:known_ids::uuid[]);
