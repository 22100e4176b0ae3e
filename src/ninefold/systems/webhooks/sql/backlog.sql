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
