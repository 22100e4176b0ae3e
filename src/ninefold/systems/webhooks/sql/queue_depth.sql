-- name: queue_depth_add_changes$
-- Add what has changed to the sums; return how many changes that were. The caller has locked the sums.
-- Sums that become zero are deleted, so only organisations with something queued have any.
WITH taken AS (
    DELETE FROM webhooks.queue_change
    RETURNING
        organisation_id,
        tier,
        deliveries
),

summed AS (
    SELECT
        taken.organisation_id,
        taken.tier,
        sum(taken.deliveries) AS deliveries,
        -sum(least(taken.deliveries, 0)) AS finished,
        coalesce(min(queue_depth.deliveries), 0) AS deliveries_before
    FROM taken
    LEFT JOIN webhooks.queue_depth
        ON queue_depth.organisation_id = taken.organisation_id
        AND queue_depth.tier = taken.tier
    GROUP BY
        taken.organisation_id,
        taken.tier
),

deleted AS (
    DELETE FROM webhooks.queue_depth
    USING summed
    WHERE queue_depth.organisation_id = summed.organisation_id
        AND queue_depth.tier = summed.tier
        AND summed.deliveries_before + summed.deliveries = 0
),

added AS (
    INSERT INTO webhooks.queue_depth (organisation_id, tier, deliveries, finished)
    SELECT
        organisation_id,
        tier,
        deliveries,
        finished
    FROM summed
    WHERE deliveries_before + deliveries <> 0
    ON CONFLICT (organisation_id, tier) DO UPDATE
    SET
        deliveries = queue_depth.deliveries + excluded.deliveries,
        finished = queue_depth.finished + excluded.finished
)

SELECT count(*)
FROM taken;

-- name: queue_depth_list
-- Read how many deliveries of each organisation and tier are queued, and how many have left its queue.
SELECT
    organisation_id,
    tier,
    sum(deliveries)::bigint AS deliveries,
    sum(finished)::bigint AS finished
FROM (
    SELECT
        organisation_id,
        tier,
        deliveries,
        finished
    FROM webhooks.queue_depth
    UNION ALL
    SELECT
        organisation_id,
        tier,
        deliveries,
        -least(deliveries, 0)
    FROM webhooks.queue_change
) AS counted
GROUP BY
    organisation_id,
    tier
HAVING sum(deliveries) > 0;

-- name: queue_depth_list_of
-- Read how many deliveries of an organisation are queued, and since when the oldest, by tier.
SELECT
    each_tier.tier::smallint AS tier,
    (
        SELECT coalesce(sum(counted.deliveries), 0)::bigint
        FROM (
            SELECT queue_depth.deliveries
            FROM webhooks.queue_depth
            WHERE queue_depth.organisation_id = :organisation_id
                AND queue_depth.tier = each_tier.tier
            UNION ALL
            SELECT queue_change.deliveries
            FROM webhooks.queue_change
            WHERE queue_change.organisation_id = :organisation_id
                AND queue_change.tier = each_tier.tier
        ) AS counted
    ) AS deliveries,
    least(
        (
            SELECT event.accepted_at
            FROM webhooks.event
            WHERE event.tier = each_tier.tier
                AND event.organisation_id = :organisation_id
                AND event.status = 'queued'
                AND event.leased_by IS NULL
            ORDER BY event.event_id
            LIMIT 1
        ),
        (
            SELECT min(event.accepted_at)
            FROM webhooks.event
            WHERE event.tier = each_tier.tier
                AND event.organisation_id = :organisation_id
                AND event.status = 'queued'
                AND event.leased_by IS NOT NULL
        )
    ) AS oldest_at
FROM generate_series(0, 2) AS each_tier (tier);

-- name: queue_depth_list_tiers
-- Read how many deliveries of all organisations are queued, and since when the oldest, by tier.
-- Each organisation with something queued takes one index lookup.
WITH counted AS (
    SELECT
        organisation_id,
        tier,
        sum(deliveries) AS deliveries
    FROM (
        SELECT
            organisation_id,
            tier,
            deliveries
        FROM webhooks.queue_depth
        UNION ALL
        SELECT
            organisation_id,
            tier,
            deliveries
        FROM webhooks.queue_change
    ) AS counts
    GROUP BY
        organisation_id,
        tier
    HAVING sum(deliveries) > 0
)

SELECT
    each_tier.tier::smallint AS tier,
    (
        SELECT coalesce(sum(counted.deliveries), 0)::bigint
        FROM counted
        WHERE counted.tier = each_tier.tier
    ) AS deliveries,
    least(
        (
            SELECT min(oldest.accepted_at)
            FROM counted
            CROSS JOIN LATERAL (
                SELECT event.accepted_at
                FROM webhooks.event
                WHERE event.tier = counted.tier
                    AND event.organisation_id = counted.organisation_id
                    AND event.status = 'queued'
                    AND event.leased_by IS NULL
                ORDER BY event.event_id
                LIMIT 1
            ) AS oldest
            WHERE counted.tier = each_tier.tier
        ),
        (
            SELECT min(event.accepted_at)
            FROM webhooks.event
            WHERE event.tier = each_tier.tier
                AND event.status = 'queued'
                AND event.leased_by IS NOT NULL
        )
    ) AS oldest_at
FROM generate_series(0, 2) AS each_tier (tier);

-- name: queue_depth_lock!
-- Keep other processes from changing the sums until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('webhooks.queue_depth', 0));

-- name: queue_depth_recount
-- Count the queued deliveries, unless there are too many events; insert and return what the sums are wrong by.
-- All is of one snapshot, so what is accepted and finished meanwhile doesn't matter.
WITH queued AS (
    (
        SELECT
            organisation_id,
            tier,
            queued_deliveries
        FROM webhooks.event
        WHERE status = 'queued'
            AND leased_by IS NULL
        LIMIT :limit
    )
    UNION ALL
    (
        SELECT
            organisation_id,
            tier,
            queued_deliveries
        FROM webhooks.event
        WHERE status = 'queued'
            AND leased_by IS NOT NULL
        LIMIT :limit
    )
),

wrong AS (
    SELECT
        organisation_id,
        tier,
        sum(deliveries) AS deliveries
    FROM (
        SELECT
            organisation_id,
            tier,
            queued_deliveries AS deliveries
        FROM queued
        UNION ALL
        SELECT
            organisation_id,
            tier,
            -deliveries
        FROM webhooks.queue_depth
        UNION ALL
        SELECT
            organisation_id,
            tier,
            -deliveries
        FROM webhooks.queue_change
    ) AS counted
    GROUP BY
        organisation_id,
        tier
    HAVING sum(deliveries) <> 0
)

INSERT INTO webhooks.queue_change (organisation_id, tier, deliveries)
SELECT
    organisation_id,
    tier,
    deliveries
FROM wrong
WHERE (SELECT count(*) FROM queued) < :limit
RETURNING
    organisation_id,
    tier,
    deliveries;

-- name: queue_depth_try_lock$
-- Return whether no other process changes the sums; keep them from it until the transaction ends.
-- Its commit isn't flushed to the disk: what is lost in a crash is added again.
SELECT pg_try_advisory_xact_lock(hashtextextended('webhooks.queue_depth', 0))
FROM set_config('synchronous_commit', 'off', TRUE);
