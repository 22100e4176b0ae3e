-- name: delivery_cancel_held!
-- Cancel deliveries that this worker holds and won't attempt again, because their subscription doesn't want them.
UPDATE webhooks.delivery
SET
    status = 'canceled',
    next_attempt_at = NULL,
    finished_at = now(),
    leased_by = NULL
WHERE delivery_id = ANY(:delivery_ids::uuid[])
    AND leased_by = :worker_id;

-- name: delivery_cancel_pending
-- Cancel some deliveries to a subscription that have a status and that no worker holds, those after an id.
-- The condition on 'delivered' selects an index in the order of the ids, so a later call doesn't read again what an
-- earlier one has canceled.
WITH pending AS MATERIALIZED (
    SELECT delivery_id
    FROM webhooks.delivery
    WHERE subscription_id = :subscription_id
        AND status = :status
        AND status <> 'delivered'
        AND leased_by IS NULL
        AND delivery_id > :after
    ORDER BY delivery_id
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

UPDATE webhooks.delivery
SET
    status = 'canceled',
    next_attempt_at = NULL,
    finished_at = now()
FROM pending
WHERE delivery.delivery_id = pending.delivery_id
RETURNING delivery.delivery_id;

-- name: delivery_cancel_recorded!
-- Cancel those of these deliveries that aren't finished, because their subscription is deleted or a person skips them.
UPDATE webhooks.delivery
SET
    status = 'canceled',
    next_attempt_at = NULL,
    finished_at = clock_timestamp()
WHERE delivery_id = ANY(:delivery_ids::uuid[])
    AND status IN ('retrying', 'waiting', 'held')
    AND leased_by IS NULL;

-- name: delivery_claim
-- Claim deliveries of a tier that are due, for a worker: a fair share for each organisation, longest due first.
-- It considers the organisations whose deliveries are longest due. It also scans up to :organisations_max organisations
-- with waiting deliveries, in the order of their ids, starting after :after; otherwise one with many due deliveries
-- could hide the others. Organisations in :held_back are scanned, but nothing of theirs is claimed.
-- The payload bytes of the claimed deliveries are limited; the first may exceed the limit. Organisations are ordered at
-- random, so that each has the same chance to be within the limit.
-- last_organisation_id is where the next scan continues. It is returned even if no delivery is claimed, in a row of its
-- own, and is NULL when no organisation is left to scan.
-- statement_timestamp() allows an index scan. clock_timestamp() doesn't, because its value changes from row to row.
WITH RECURSIVE scanned AS (
    (
        SELECT
            organisation_id,
            1 AS position
        FROM webhooks.delivery
        WHERE status = 'retrying'
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
        SELECT delivery.organisation_id
        FROM webhooks.delivery
        WHERE delivery.status = 'retrying'
            AND delivery.leased_by IS NULL
            AND delivery.tier = :tier
            AND delivery.organisation_id > scanned.organisation_id
        ORDER BY delivery.organisation_id
        LIMIT 1
    ) AS next_organisation
    WHERE scanned.position < :organisations_max::integer
),

due_organisation AS MATERIALIZED (
    SELECT longest_due.organisation_id
    FROM (
        SELECT organisation_id
        FROM webhooks.delivery
        WHERE status = 'retrying'
            AND leased_by IS NULL
            AND tier = :tier
            AND next_attempt_at <= statement_timestamp()
        ORDER BY next_attempt_at
        LIMIT :limit
    ) AS longest_due
    WHERE longest_due.organisation_id <> ALL(:held_back::uuid[])
    UNION
    SELECT scanned.organisation_id
    FROM scanned
    WHERE scanned.organisation_id <> ALL(:held_back::uuid[])
        AND EXISTS (
            SELECT 1
            FROM webhooks.delivery
            WHERE delivery.status = 'retrying'
                AND delivery.leased_by IS NULL
                AND delivery.tier = :tier
                AND delivery.organisation_id = scanned.organisation_id
                AND delivery.next_attempt_at <= statement_timestamp()
        )
),

served AS MATERIALIZED (
    SELECT
        organisation_id,
        random() AS random_order
    FROM due_organisation
),

candidate AS MATERIALIZED (
    SELECT
        oldest.*,
        served.random_order
    FROM served
    CROSS JOIN LATERAL (
        SELECT
            delivery.delivery_id,
            delivery.organisation_id,
            delivery.event_id,
            delivery.next_attempt_at
        FROM webhooks.delivery
        WHERE delivery.status = 'retrying'
            AND delivery.leased_by IS NULL
            AND delivery.tier = :tier
            AND delivery.organisation_id = served.organisation_id
            AND delivery.next_attempt_at <= statement_timestamp()
        ORDER BY delivery.next_attempt_at
        LIMIT (SELECT ceil(:limit::numeric / count(*))::integer FROM served)
        FOR UPDATE SKIP LOCKED
    ) AS oldest
),

ranked AS (
    SELECT
        candidate.delivery_id,
        candidate.random_order,
        octet_length(event.payload) AS payload_bytes,
        row_number() OVER (
            PARTITION BY candidate.organisation_id
            ORDER BY candidate.next_attempt_at, candidate.delivery_id
        ) AS rank
    FROM candidate
    INNER JOIN webhooks.event ON event.event_id = candidate.event_id
),

chosen AS (
    SELECT delivery_id
    FROM (
        SELECT
            delivery_id,
            sum(payload_bytes) OVER (ORDER BY rank, random_order) - payload_bytes AS payload_bytes_before
        FROM ranked
    ) AS running_total
    WHERE payload_bytes_before < :payload_bytes_max
),

claimed AS (
    UPDATE webhooks.delivery
    SET leased_by = :worker_id
    FROM chosen, webhooks.event
    WHERE delivery.delivery_id = chosen.delivery_id
        AND event.event_id = delivery.event_id
    RETURNING
        delivery.delivery_id,
        delivery.organisation_id,
        delivery.event_id,
        delivery.subscription_id,
        event.event_type,
        event.payload,
        delivery.attempt_count,
        delivery.round_attempt_count,
        delivery.round_started_at,
        delivery.next_attempt_at = delivery.round_started_at AS is_manual,
        delivery.tier,
        event.is_ordered,
        delivery.retention,
        (
            SELECT subscription_version.version
            FROM webhooks.subscription_version
            WHERE subscription_version.organisation_id = delivery.organisation_id
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

-- name: delivery_claim_waiting
-- Claim waiting deliveries of some subscriptions and tiers for a worker, of each as many as it may send, oldest first.
-- Of the subscriptions in :probed_ids, claim one each: of the oldest and the newest :among, one with the fewest attempts.
-- Otherwise deliveries that this receiver always refuses could be every probe.
-- The payload bytes of the claimed deliveries are limited; the first may exceed the limit.
WITH oldest AS MATERIALIZED (
    SELECT
        waiting.*,
        row_number() OVER (PARTITION BY waiting.subscription_id, waiting.tier) AS rank
    FROM unnest(:subscription_ids::uuid[], :tiers::smallint[], :counts::integer[])
        AS requested (subscription_id, tier, count)
    CROSS JOIN LATERAL (
        SELECT
            delivery.delivery_id,
            delivery.subscription_id,
            delivery.event_id,
            delivery.tier
        FROM webhooks.delivery
        WHERE delivery.subscription_id = requested.subscription_id
            AND delivery.tier = requested.tier
            AND delivery.status = 'waiting'
            AND delivery.leased_by IS NULL
        ORDER BY delivery.round_started_at
        LIMIT requested.count
        FOR UPDATE SKIP LOCKED
    ) AS waiting
),

probe AS MATERIALIZED (
    SELECT
        delivery.delivery_id,
        delivery.subscription_id,
        delivery.event_id,
        delivery.tier,
        1::bigint AS rank
    FROM unnest(:probed_ids::uuid[]) AS probed (subscription_id)
    CROSS JOIN LATERAL (
        SELECT either.delivery_id
        FROM generate_series(0, 2) AS each_tier (tier)
        CROSS JOIN LATERAL (
            (
                SELECT
                    waiting.delivery_id,
                    waiting.attempt_count
                FROM webhooks.delivery AS waiting
                WHERE waiting.subscription_id = probed.subscription_id
                    AND waiting.tier = each_tier.tier
                    AND waiting.status = 'waiting'
                    AND waiting.leased_by IS NULL
                ORDER BY waiting.round_started_at
                LIMIT :among
            )
            UNION ALL
            (
                SELECT
                    waiting.delivery_id,
                    waiting.attempt_count
                FROM webhooks.delivery AS waiting
                WHERE waiting.subscription_id = probed.subscription_id
                    AND waiting.tier = each_tier.tier
                    AND waiting.status = 'waiting'
                    AND waiting.leased_by IS NULL
                ORDER BY waiting.round_started_at DESC
                LIMIT :among
            )
        ) AS either
        ORDER BY
            either.attempt_count,
            random()
        LIMIT 1
    ) AS picked
    INNER JOIN webhooks.delivery ON delivery.delivery_id = picked.delivery_id
    WHERE delivery.status = 'waiting'
        AND delivery.leased_by IS NULL
    FOR UPDATE OF delivery SKIP LOCKED
),

candidate AS (
    SELECT * FROM oldest
    UNION ALL
    SELECT * FROM probe
),

chosen AS (
    SELECT delivery_id
    FROM (
        SELECT
            candidate.delivery_id,
            sum(octet_length(event.payload)) OVER (ORDER BY candidate.rank, candidate.tier, candidate.delivery_id)
            - octet_length(event.payload) AS payload_bytes_before
        FROM candidate
        INNER JOIN webhooks.event ON event.event_id = candidate.event_id
    ) AS running_total
    WHERE payload_bytes_before < :payload_bytes_max
)

UPDATE webhooks.delivery
SET leased_by = :worker_id
FROM chosen, webhooks.event
WHERE delivery.delivery_id = chosen.delivery_id
    AND event.event_id = delivery.event_id
RETURNING
    delivery.delivery_id,
    delivery.organisation_id,
    delivery.event_id,
    delivery.subscription_id,
    event.event_type,
    event.payload,
    delivery.attempt_count,
    delivery.round_attempt_count,
    delivery.round_started_at,
    FALSE AS is_manual,
    delivery.tier,
    event.is_ordered,
    delivery.retention,
    (
        SELECT subscription_version.version
        FROM webhooks.subscription_version
        WHERE subscription_version.organisation_id = delivery.organisation_id
    ) AS subscription_version;

-- name: delivery_count_retrying$
-- Count the deliveries that are waiting for another attempt or that a worker holds, up to a limit.
-- Each half uses a partial index, so the query doesn't read finished deliveries, of which there can be millions.
SELECT count(*)
FROM (
    (
        SELECT 1
        FROM webhooks.delivery
        WHERE status = 'retrying'
            AND leased_by IS NULL
        LIMIT :limit
    )
    UNION ALL
    (
        SELECT 1
        FROM webhooks.delivery
        WHERE leased_by IS NOT NULL
        LIMIT :limit
    )
    LIMIT :limit
) AS retrying;

-- name: delivery_count_waiting$
-- Count the deliveries that are waiting and that no worker holds, up to a limit.
SELECT count(*)
FROM (
    SELECT 1
    FROM webhooks.delivery
    WHERE status = 'waiting'
        AND leased_by IS NULL
    LIMIT :limit
) AS waiting;

-- name: delivery_expire_unkept
-- End some waiting deliveries between two ids as failed, because their retention is over; return their ids.
WITH waiting AS MATERIALIZED (
    SELECT
        delivery_id,
        retention
    FROM webhooks.delivery
    WHERE retention = :retention
        AND delivery_id >= :first_id
        AND delivery_id < :end_id
        AND status = 'waiting'
        AND leased_by IS NULL
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)

UPDATE webhooks.delivery
SET
    status = 'failed',
    finished_at = now()
FROM waiting
WHERE delivery.delivery_id = waiting.delivery_id
    AND delivery.retention = waiting.retention
RETURNING delivery.delivery_id;

-- name: delivery_expire_waiting
-- End some waiting deliveries whose time is over, as failed; return their ids.
-- Those of paused subscriptions don't expire. After a pause, the time starts again.
WITH RECURSIVE backlogged AS (
    (
        SELECT subscription_id
        FROM webhooks.delivery
        WHERE status = 'waiting'
            AND leased_by IS NULL
        ORDER BY subscription_id
        LIMIT 1
    )
    UNION ALL
    SELECT next_subscription.subscription_id
    FROM backlogged
    CROSS JOIN LATERAL (
        SELECT delivery.subscription_id
        FROM webhooks.delivery
        WHERE delivery.status = 'waiting'
            AND delivery.leased_by IS NULL
            AND delivery.subscription_id > backlogged.subscription_id
        ORDER BY delivery.subscription_id
        LIMIT 1
    ) AS next_subscription
),

due AS MATERIALIZED (
    SELECT expired.delivery_id
    FROM backlogged
    INNER JOIN webhooks.subscription
        ON subscription.subscription_id = backlogged.subscription_id
        AND subscription.paused_at IS NULL
        AND coalesce(
            subscription.resumed_at < now() - :horizon_s::double precision * interval '1 second', TRUE
        )
    CROSS JOIN generate_series(0, 2) AS each_tier (tier)
    CROSS JOIN LATERAL (
        SELECT delivery.delivery_id
        FROM webhooks.delivery
        WHERE delivery.subscription_id = backlogged.subscription_id
            AND delivery.tier = each_tier.tier
            AND delivery.status = 'waiting'
            AND delivery.leased_by IS NULL
            AND delivery.round_started_at < now() - :horizon_s::double precision * interval '1 second'
        ORDER BY delivery.round_started_at
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ) AS expired
    LIMIT :limit
)

UPDATE webhooks.delivery
SET
    status = 'failed',
    finished_at = now()
FROM due
WHERE delivery.delivery_id = due.delivery_id
RETURNING delivery.delivery_id;

-- name: delivery_find^
-- Read one delivery of an organisation.
SELECT
    delivery.delivery_id,
    delivery.organisation_id,
    delivery.event_id,
    event.event_type,
    delivery.subscription_id,
    delivery.status,
    delivery.attempt_count,
    delivery.round_attempt_count,
    delivery.next_attempt_at,
    delivery.created_at,
    delivery.finished_at,
    delivery.leased_by IS NOT NULL AS is_running,
    delivery.tier,
    cardinality(subscription.retry_delays_s) AS own_retry_count,
    subscription.paused_at,
    circuit.retry_at,
    CASE WHEN circuit.throttled_until > now() THEN circuit.throttled_until END AS throttled_until
FROM webhooks.delivery
INNER JOIN webhooks.event ON event.event_id = delivery.event_id
LEFT JOIN webhooks.subscription ON subscription.subscription_id = delivery.subscription_id
LEFT JOIN webhooks.circuit ON circuit.subscription_id = delivery.subscription_id
WHERE delivery.delivery_id = :delivery_id
    AND delivery.organisation_id = :organisation_id;

-- name: delivery_insert_outcomes!
-- Insert deliveries with their first outcome; skip those that already exist.
-- The outcomes are one JSON array. To encode it costs the worker a third of the CPU time of one array per column.
INSERT INTO webhooks.delivery (
    delivery_id,
    organisation_id,
    event_id,
    subscription_id,
    status,
    attempt_count,
    round_attempt_count,
    round_started_at,
    next_attempt_at,
    finished_at,
    last_attempted_at,
    last_duration_ms,
    last_response_status,
    last_response_body,
    is_last_response_body_truncated,
    last_error_class,
    last_error_detail,
    last_url_revision,
    last_timings_ms,
    created_at,
    tier,
    retention
)
SELECT
    outcome.delivery_id,
    outcome.organisation_id,
    outcome.event_id,
    outcome.subscription_id,
    outcome.status,
    outcome.attempt_number,
    outcome.round_attempt_count,
    outcome.round_started_at,
    clock_timestamp() + outcome.retry_delay_s * interval '1 second',
    CASE WHEN outcome.status NOT IN ('retrying', 'waiting') THEN clock_timestamp() END,
    outcome.attempted_at,
    outcome.duration_ms,
    outcome.response_status,
    decode(outcome.response_body, 'base64'),
    outcome.is_response_body_truncated,
    outcome.error_class,
    outcome.error_detail,
    outcome.url_revision,
    outcome.timings_ms,
    outcome.round_started_at,
    outcome.tier,
    outcome.retention
FROM json_populate_recordset(NULL::webhooks.outcome, :outcomes::json) AS outcome
ON CONFLICT (delivery_id, retention) DO NOTHING;

-- name: delivery_insert_test!
-- Insert a delivery whose first attempt is due now, as if a person had asked for a retry.
INSERT INTO webhooks.delivery (
    delivery_id,
    organisation_id,
    event_id,
    subscription_id,
    status,
    attempt_count,
    round_attempt_count,
    round_started_at,
    next_attempt_at,
    finished_at,
    created_at,
    retention
)
VALUES (
    :delivery_id,
    :organisation_id,
    :event_id,
    :subscription_id,
    'retrying',
    0,
    0,
    now(),
    now(),
    NULL,
    now(),
    :retention
);

-- name: delivery_insert_waiting!
-- Insert deliveries that must wait before their first attempt; skip those that already exist.
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
    postponed.delivery_id,
    postponed.organisation_id,
    postponed.event_id,
    postponed.subscription_id,
    'waiting',
    0,
    0,
    postponed.round_started_at,
    NULL,
    postponed.round_started_at,
    postponed.tier,
    postponed.retention
FROM unnest(
    :delivery_ids::uuid[],
    :organisation_ids::uuid[],
    :event_ids::uuid[],
    :subscription_ids::uuid[],
    :rounds_started_at::timestamptz[],
    :tiers::smallint[],
    :retentions::smallint[]
) AS postponed (delivery_id, organisation_id, event_id, subscription_id, round_started_at, tier, retention)
ON CONFLICT (delivery_id, retention) DO NOTHING;

-- name: delivery_list_attempts
-- Read the latest attempts of each of these deliveries, oldest first, with the beginning of each response body.
WITH attempt AS (
    SELECT
        delivery_id,
        attempt_count AS attempt_number,
        subscription_id,
        last_url_revision AS url_revision,
        last_attempted_at AS attempted_at,
        last_duration_ms AS duration_ms,
        last_timings_ms AS timings_ms,
        last_response_status AS response_status,
        substring(last_response_body FROM 1 FOR :body_bytes_max) AS response_body,
        is_last_response_body_truncated
        OR coalesce(octet_length(last_response_body) > :body_bytes_max, FALSE) AS is_response_body_truncated,
        last_error_class AS error_class,
        last_error_detail AS error_detail
    FROM webhooks.delivery
    WHERE delivery_id = ANY(:delivery_ids::uuid[])
        AND attempt_count > 0
    UNION ALL
    SELECT earlier.*
    FROM webhooks.delivery
    CROSS JOIN LATERAL (
        SELECT
            earlier_attempt.delivery_id,
            earlier_attempt.attempt_number,
            delivery.subscription_id,
            earlier_attempt.url_revision,
            earlier_attempt.attempted_at,
            earlier_attempt.duration_ms,
            earlier_attempt.timings_ms,
            earlier_attempt.response_status,
            substring(earlier_attempt.response_body FROM 1 FOR :body_bytes_max),
            earlier_attempt.is_response_body_truncated
            OR coalesce(octet_length(earlier_attempt.response_body) > :body_bytes_max, FALSE),
            earlier_attempt.error_class,
            earlier_attempt.error_detail
        FROM webhooks.earlier_attempt
        WHERE earlier_attempt.delivery_id = delivery.delivery_id
        ORDER BY earlier_attempt.attempt_number DESC
        LIMIT :attempts_max::integer - 1
    ) AS earlier
    WHERE delivery.delivery_id = ANY(:delivery_ids::uuid[])
)

SELECT
    attempt.*,
    subscription_url.url
FROM attempt
LEFT JOIN webhooks.subscription_url
    ON subscription_url.subscription_id = attempt.subscription_id
    AND subscription_url.url_revision = attempt.url_revision
ORDER BY
    attempt.delivery_id,
    attempt.attempt_number;

-- name: delivery_list_by_event
-- Read the deliveries of one event, in an organisation.
SELECT
    delivery.delivery_id,
    delivery.organisation_id,
    delivery.event_id,
    event.event_type,
    delivery.subscription_id,
    delivery.status,
    delivery.attempt_count,
    delivery.round_attempt_count,
    delivery.next_attempt_at,
    delivery.created_at,
    delivery.finished_at,
    delivery.leased_by IS NOT NULL AS is_running,
    delivery.tier,
    cardinality(subscription.retry_delays_s) AS own_retry_count,
    subscription.paused_at,
    circuit.retry_at,
    CASE WHEN circuit.throttled_until > now() THEN circuit.throttled_until END AS throttled_until
FROM webhooks.delivery
INNER JOIN webhooks.event ON event.event_id = delivery.event_id
LEFT JOIN webhooks.subscription ON subscription.subscription_id = delivery.subscription_id
LEFT JOIN webhooks.circuit ON circuit.subscription_id = delivery.subscription_id
WHERE delivery.event_id = :event_id
    AND delivery.delivery_id >= webhooks.first_id_of_time(:event_id)
    AND delivery.delivery_id <= webhooks.last_id_of_time(:event_id)
    AND delivery.organisation_id = :organisation_id
ORDER BY delivery.subscription_id
LIMIT :limit;

-- name: delivery_list_by_ids
-- Read these deliveries of an organisation.
SELECT
    delivery.delivery_id,
    delivery.organisation_id,
    delivery.event_id,
    event.event_type,
    delivery.subscription_id,
    delivery.status,
    delivery.attempt_count,
    delivery.round_attempt_count,
    delivery.next_attempt_at,
    delivery.created_at,
    delivery.finished_at,
    delivery.leased_by IS NOT NULL AS is_running,
    delivery.tier,
    cardinality(subscription.retry_delays_s) AS own_retry_count,
    subscription.paused_at,
    circuit.retry_at,
    CASE WHEN circuit.throttled_until > now() THEN circuit.throttled_until END AS throttled_until
FROM webhooks.delivery
INNER JOIN webhooks.event ON event.event_id = delivery.event_id
INNER JOIN webhooks.subscription ON subscription.subscription_id = delivery.subscription_id
LEFT JOIN webhooks.circuit ON circuit.subscription_id = delivery.subscription_id
WHERE delivery.delivery_id = ANY(:delivery_ids::uuid[])
    AND delivery.organisation_id = :organisation_id;

-- name: delivery_list_by_subscription
-- Read a page of the deliveries to a subscription, newest event first, with one status or with any.
SELECT
    delivery.delivery_id,
    delivery.organisation_id,
    delivery.event_id,
    event.event_type,
    delivery.subscription_id,
    delivery.status,
    delivery.attempt_count,
    delivery.round_attempt_count,
    delivery.next_attempt_at,
    delivery.created_at,
    delivery.finished_at,
    delivery.leased_by IS NOT NULL AS is_running,
    delivery.tier,
    cardinality(subscription.retry_delays_s) AS own_retry_count,
    subscription.paused_at,
    circuit.retry_at,
    CASE WHEN circuit.throttled_until > now() THEN circuit.throttled_until END AS throttled_until
FROM webhooks.delivery
INNER JOIN webhooks.event ON event.event_id = delivery.event_id
LEFT JOIN webhooks.subscription ON subscription.subscription_id = delivery.subscription_id
LEFT JOIN webhooks.circuit ON circuit.subscription_id = delivery.subscription_id
WHERE delivery.subscription_id = :subscription_id
    AND delivery.organisation_id = :organisation_id
    AND (:status::text IS NULL OR delivery.status = :status OR (:status = 'waiting' AND delivery.status = 'held'))
    AND (:before::uuid IS NULL OR delivery.delivery_id < :before)
ORDER BY delivery.delivery_id DESC
LIMIT :limit;

-- name: delivery_list_changed
-- Read those of these deliveries that belong to some subscriptions, as live feeds show them.
SELECT
    delivery_id,
    subscription_id,
    event_id,
    status,
    attempt_count,
    next_attempt_at,
    last_error_class AS error_class
FROM webhooks.delivery
WHERE delivery_id = ANY(:delivery_ids::uuid[])
    AND subscription_id = ANY(:subscription_ids::uuid[])
ORDER BY delivery_id;

-- name: delivery_list_due_tiers
-- Return the tiers with deliveries that are due and that no worker holds.
SELECT each_tier.tier::smallint AS tier
FROM generate_series(0, 2) AS each_tier (tier)
WHERE EXISTS (
    SELECT 1
    FROM webhooks.delivery
    WHERE delivery.status = 'retrying'
        AND delivery.leased_by IS NULL
        AND delivery.tier = each_tier.tier
        AND delivery.next_attempt_at <= statement_timestamp()
);

-- name: delivery_list_recorded
-- Return which of these deliveries already have an outcome.
SELECT delivery_id
FROM webhooks.delivery
WHERE delivery_id = ANY(:delivery_ids::uuid[]);

-- name: delivery_lock^
-- Lock one delivery of an organisation until the transaction ends; also return what decides whether it can be sent.
SELECT
    delivery.leased_by IS NOT NULL AS is_running,
    subscription.subscription_id,
    subscription.deleted_at IS NOT NULL AS is_subscription_deleted,
    subscription.paused_at IS NOT NULL AS is_subscription_paused,
    delivery.status = 'held' AS is_held,
    subscription.event_types,
    event.event_type
FROM webhooks.delivery
INNER JOIN webhooks.subscription ON subscription.subscription_id = delivery.subscription_id
INNER JOIN webhooks.event ON event.event_id = delivery.event_id
WHERE delivery.delivery_id = :delivery_id
    AND delivery.organisation_id = :organisation_id
FOR UPDATE OF delivery;

-- name: delivery_release!
-- Release the deliveries that these workers hold.
UPDATE webhooks.delivery
SET leased_by = NULL
WHERE leased_by = ANY(:worker_ids::uuid[]);

-- name: delivery_release_unknown!
-- Release the deliveries that a worker holds but doesn't know of, because its claim was committed without confirmation.
UPDATE webhooks.delivery
SET leased_by = NULL
WHERE leased_by = :worker_id
    AND delivery_id <> ALL(:known_ids::uuid[]);

-- name: delivery_schedule_now$
-- Start a new round of attempts now; return when its first attempt is due.
UPDATE webhooks.delivery
SET
    status = 'retrying',
    round_attempt_count = 0,
    round_started_at = now(),
    next_attempt_at = now(),
    finished_at = NULL
WHERE delivery_id = :delivery_id
RETURNING next_attempt_at;

-- name: delivery_set_waiting!
-- Let deliveries wait that this worker holds and must not attempt yet.
UPDATE webhooks.delivery
SET
    status = 'waiting',
    next_attempt_at = NULL,
    leased_by = NULL
WHERE delivery_id = ANY(:delivery_ids::uuid[])
    AND leased_by = :worker_id;

-- name: delivery_set_waiting_for_endpoint
-- Let deliveries that have just failed wait for their endpoint.
-- It must have been failing since their round's first attempt, and their time mustn't be over. The time starts again
-- after a pause of the subscription.
UPDATE webhooks.delivery
SET
    status = 'waiting',
    finished_at = NULL
FROM webhooks.circuit, webhooks.subscription
WHERE delivery.delivery_id = ANY(:delivery_ids::uuid[])
    AND delivery.status = 'failed'
    AND delivery.leased_by IS NULL
    AND circuit.subscription_id = delivery.subscription_id
    AND subscription.subscription_id = delivery.subscription_id
    AND greatest(delivery.round_started_at, subscription.resumed_at)
    > statement_timestamp() - :horizon_s::double precision * interval '1 second'
    AND circuit.failing_since <= coalesce(
        (
            SELECT earlier_attempt.attempted_at
            FROM webhooks.earlier_attempt
            WHERE earlier_attempt.delivery_id = delivery.delivery_id
                AND earlier_attempt.attempt_number = delivery.attempt_count - delivery.round_attempt_count + 1
        ),
        delivery.last_attempted_at
    )
RETURNING
    delivery.delivery_id,
    delivery.subscription_id;

-- name: delivery_update_outcomes!
-- Write the outcomes of further attempts, for those of the deliveries that this worker still holds.
-- The previous attempt of each delivery moves to earlier_attempt. A worker whose lease has expired writes nothing: the
-- next holder attempts the delivery again. An outcome that is already recorded, because its commit wasn't confirmed,
-- isn't written twice.
WITH outcome AS MATERIALIZED (
    SELECT reported.*
    FROM json_populate_recordset(NULL::webhooks.outcome, :outcomes::json) AS reported
),

held AS MATERIALIZED (
    SELECT delivery.*
    FROM outcome
    INNER JOIN webhooks.delivery ON delivery.delivery_id = outcome.delivery_id
    WHERE delivery.leased_by = :worker_id
        AND delivery.attempt_count = outcome.attempt_number - 1
    FOR UPDATE OF delivery
),

archived AS (
    INSERT INTO webhooks.earlier_attempt (
        delivery_id,
        attempt_number,
        attempted_at,
        duration_ms,
        response_status,
        response_body,
        is_response_body_truncated,
        error_class,
        error_detail,
        url_revision,
        timings_ms,
        retention
    )
    SELECT
        delivery_id,
        attempt_count,
        last_attempted_at,
        last_duration_ms,
        last_response_status,
        last_response_body,
        is_last_response_body_truncated,
        last_error_class,
        last_error_detail,
        last_url_revision,
        last_timings_ms,
        retention
    FROM held
    WHERE attempt_count > 0
)

UPDATE webhooks.delivery
SET
    status = outcome.status,
    attempt_count = outcome.attempt_number,
    round_attempt_count = outcome.round_attempt_count,
    next_attempt_at = clock_timestamp() + outcome.retry_delay_s * interval '1 second',
    finished_at = CASE WHEN outcome.status NOT IN ('retrying', 'waiting') THEN clock_timestamp() END,
    leased_by = NULL,
    last_attempted_at = outcome.attempted_at,
    last_duration_ms = outcome.duration_ms,
    last_response_status = outcome.response_status,
    last_response_body = decode(outcome.response_body, 'base64'),
    is_last_response_body_truncated = outcome.is_response_body_truncated,
    last_error_class = outcome.error_class,
    last_error_detail = outcome.error_detail,
    last_url_revision = outcome.url_revision,
    last_timings_ms = outcome.timings_ms
FROM held
INNER JOIN outcome ON outcome.delivery_id = held.delivery_id
WHERE delivery.delivery_id = held.delivery_id;
