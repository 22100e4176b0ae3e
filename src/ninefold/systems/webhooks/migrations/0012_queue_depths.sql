-- How many deliveries are queued, by organisation and tier: those of accepted events that aren't dispatched yet.
-- Whatever accepts or finishes events inserts what that changes, in the same transaction; so no row is locked by more
-- than one of them. From time to time, these rows are added to the sums.
CREATE TABLE webhooks.queue_depth (
    organisation_id uuid NOT NULL,
    tier smallint NOT NULL CONSTRAINT queue_depth_tier_known CHECK (tier BETWEEN 0 AND 2),
    deliveries bigint NOT NULL,
    -- Deliveries that have left the queue since this row was inserted, which says how fast it drains.
    finished bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, tier)
)
WITH (fillfactor = 50);

-- Rows live for seconds, and are always read all together, so there is no index.
CREATE TABLE webhooks.queue_change (
    organisation_id uuid NOT NULL,
    tier smallint NOT NULL CONSTRAINT queue_change_tier_known CHECK (tier BETWEEN 0 AND 2),
    deliveries integer NOT NULL
)
WITH (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0);

INSERT INTO webhooks.queue_depth (organisation_id, tier, deliveries)
SELECT
    queued.organisation_id,
    queued.tier,
    sum(queued.queued_deliveries)
FROM (
    SELECT
        organisation_id,
        tier,
        queued_deliveries
    FROM webhooks.event
    WHERE status = 'queued'
        AND leased_by IS NULL
    UNION ALL
    SELECT
        organisation_id,
        tier,
        queued_deliveries
    FROM webhooks.event
    WHERE leased_by IS NOT NULL
) AS queued
GROUP BY
    queued.organisation_id,
    queued.tier;
