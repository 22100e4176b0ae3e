-- name: backlog_count_queued
-- Count the first attempts of an organisation that aren't recorded yet, by tier, over a limited number of events.
SELECT
    each_tier.tier::smallint AS tier,
    coalesce(sum(queued.queued_deliveries), 0)::bigint AS count,
    min(queued.accepted_at) AS oldest_at,
    count(*) >= :limit AS is_more
FROM generate_series(0, 2) AS each_tier (tier)
CROSS JOIN LATERAL (
    (
        SELECT
            queued_deliveries,
            accepted_at
        FROM webhooks.event
        WHERE event.tier = each_tier.tier
            AND organisation_id = :organisation_id
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
        WHERE event.tier = each_tier.tier
            AND organisation_id = :organisation_id
            AND status = 'queued'
            AND leased_by IS NOT NULL
        LIMIT :limit
    )
) AS queued
GROUP BY each_tier.tier;

-- name: backlog_count_retrying
-- Count the deliveries of an organisation that wait for their next attempt, by tier, up to a limit, those due first.
SELECT
    each_tier.tier::smallint AS tier,
    count(*) AS count,
    min(retrying.created_at) AS oldest_at,
    min(retrying.next_attempt_at) AS next_attempt_at,
    count(*) >= :limit AS is_more
FROM generate_series(0, 2) AS each_tier (tier)
CROSS JOIN LATERAL (
    SELECT
        delivery.created_at,
        delivery.next_attempt_at
    FROM webhooks.delivery
    WHERE delivery.tier = each_tier.tier
        AND delivery.organisation_id = :organisation_id
        AND delivery.status = 'retrying'
        AND delivery.leased_by IS NULL
    ORDER BY delivery.next_attempt_at
    LIMIT :limit
) AS retrying
GROUP BY each_tier.tier;

-- name: backlog_count_waiting
-- Count the deliveries of an organisation that must wait, by tier, up to a limit for each subscription.
SELECT
    each_tier.tier::smallint AS tier,
    count(*) AS count,
    min(waiting.round_started_at) AS oldest_at,
    count(*) >= :limit AS is_more
FROM webhooks.subscription
CROSS JOIN generate_series(0, 2) AS each_tier (tier)
CROSS JOIN LATERAL (
    SELECT delivery.round_started_at
    FROM webhooks.delivery
    WHERE delivery.subscription_id = subscription.subscription_id
        AND delivery.tier = each_tier.tier
        AND delivery.status = 'waiting'
        AND delivery.leased_by IS NULL
    ORDER BY
        delivery.round_started_at,
        delivery.delivery_id
    LIMIT :limit
) AS waiting
WHERE subscription.organisation_id = :organisation_id
GROUP BY each_tier.tier;

-- name: backlog_list_depths
-- Count the events of each organisation that wait for their first attempts, up to a limit for each tier.
-- Each step of the recursive CTE finds the next organisation of a tier with one index lookup, and so does the count.
WITH RECURSIVE filled AS (
    (
        SELECT
            tier,
            organisation_id
        FROM webhooks.event
        WHERE status = 'queued'
            AND leased_by IS NULL
        ORDER BY
            tier,
            organisation_id
        LIMIT 1
    )
    UNION ALL
    SELECT
        next_filled.tier,
        next_filled.organisation_id
    FROM filled
    CROSS JOIN LATERAL (
        SELECT
            event.tier,
            event.organisation_id
        FROM webhooks.event
        WHERE event.status = 'queued'
            AND event.leased_by IS NULL
            AND (event.tier, event.organisation_id) > (filled.tier, filled.organisation_id)
        ORDER BY
            event.tier,
            event.organisation_id
        LIMIT 1
    ) AS next_filled
),

counted AS (
    SELECT
        filled.organisation_id,
        (
            SELECT count(*)
            FROM (
                SELECT
                FROM webhooks.event
                WHERE event.status = 'queued'
                    AND event.leased_by IS NULL
                    AND event.tier = filled.tier
                    AND event.organisation_id = filled.organisation_id
                LIMIT :limit
            ) AS waiting
        ) AS depth
    FROM filled
)

SELECT
    organisation_id,
    sum(depth)::bigint AS depth
FROM counted
GROUP BY organisation_id;
