-- name: backlog_count_queued^
-- Count the first attempts of an organisation that aren't recorded yet, over a limited number of its oldest events.
SELECT
    coalesce(sum(queued.queued_deliveries), 0)::bigint AS count,
    min(queued.accepted_at) AS oldest_at,
    count(*) >= :limit AS is_more
FROM (
    (
        SELECT
            queued_deliveries,
            accepted_at
        FROM webhooks.event
        WHERE organisation_id = :organisation_id
            AND status = 'queued'
            AND leased_by IS NULL
        ORDER BY event_id
        LIMIT :limit
    )
    UNION ALL
    (
        SELECT
            queued_deliveries,
            accepted_at
        FROM webhooks.event
        WHERE organisation_id = :organisation_id
            AND status = 'queued'
            AND leased_by IS NOT NULL
        LIMIT :limit
    )
) AS queued;

-- name: backlog_count_retrying^
-- Count the deliveries of an organisation that wait for their next attempt, up to a limit, those due first.
SELECT
    count(*) AS count,
    min(retrying.created_at) AS oldest_at,
    min(retrying.next_attempt_at) AS next_attempt_at,
    count(*) >= :limit AS is_more
FROM (
    SELECT
        created_at,
        next_attempt_at
    FROM webhooks.delivery
    WHERE organisation_id = :organisation_id
        AND status = 'retrying'
        AND leased_by IS NULL
    ORDER BY next_attempt_at
    LIMIT :limit
) AS retrying;

-- name: backlog_count_waiting^
-- Count the deliveries of an organisation that must wait, up to a limit for each subscription.
SELECT
    count(*) AS count,
    min(waiting.round_started_at) AS oldest_at,
    count(*) >= :limit AS is_more
FROM webhooks.subscription
CROSS JOIN LATERAL (
    SELECT delivery.round_started_at
    FROM webhooks.delivery
    WHERE delivery.subscription_id = subscription.subscription_id
        AND delivery.status = 'waiting'
        AND delivery.leased_by IS NULL
    ORDER BY
        delivery.round_started_at,
        delivery.delivery_id
    LIMIT :limit
) AS waiting
WHERE subscription.organisation_id = :organisation_id;
