-- name: figured_type_add
-- List event types that are to have figures of their own, in this order, as long as there is room; return those added.
WITH wanted AS MATERIALIZED (
    SELECT
        organisation_id,
        subscription_id,
        event_type,
        subscription_id = '00000000-0000-0000-0000-000000000000' AS is_total,
        row_number() OVER (
            PARTITION BY organisation_id, subscription_id = '00000000-0000-0000-0000-000000000000'
            ORDER BY position
        ) AS place
    FROM unnest(:organisation_ids::uuid[], :subscription_ids::uuid[], :event_types::text[])
    WITH ORDINALITY AS given (organisation_id, subscription_id, event_type, position)
),

listed AS MATERIALIZED (
    SELECT
        figured_type.organisation_id,
        figured_type.subscription_id = '00000000-0000-0000-0000-000000000000' AS is_total,
        count(*) AS count
    FROM webhooks.figured_type
    WHERE figured_type.organisation_id IN (SELECT organisation_id FROM wanted)
    GROUP BY 1, 2
)

INSERT INTO webhooks.figured_type (organisation_id, subscription_id, event_type)
SELECT
    wanted.organisation_id,
    wanted.subscription_id,
    wanted.event_type
FROM wanted
LEFT JOIN listed ON listed.organisation_id = wanted.organisation_id AND listed.is_total = wanted.is_total
WHERE wanted.place + coalesce(listed.count, 0)
    <= CASE WHEN wanted.is_total THEN :event_types_max::integer ELSE :pairs_max::integer END
ORDER BY
    wanted.organisation_id,
    wanted.subscription_id,
    wanted.event_type
ON CONFLICT (organisation_id, subscription_id, event_type) DO UPDATE
SET event_type = excluded.event_type
RETURNING
    figured_type.organisation_id,
    figured_type.subscription_id,
    figured_type.event_type;

-- name: figured_type_delete_unused$
-- Take event types off the list that were added before a time, and have no figures from then on; return how many.
WITH deleted AS (
    DELETE FROM webhooks.figured_type
    WHERE (organisation_id, subscription_id, event_type) IN (
        SELECT
            listed.organisation_id,
            listed.subscription_id,
            listed.event_type
        FROM webhooks.figured_type AS listed
        WHERE listed.created_at < :before
            AND NOT EXISTS (
                SELECT
                FROM webhooks.figure
                WHERE figure.organisation_id = listed.organisation_id
                    AND figure.subscription_id = listed.subscription_id
                    AND figure.event_type = listed.event_type
                    AND figure.step_s = 3600
                    AND figure.starts_at >= :before
            )
        LIMIT :limit
    )
    RETURNING 1
)

SELECT count(*)
FROM deleted;

-- name: figured_type_find
-- Return which of these event types have figures of their own.
SELECT
    figured_type.organisation_id,
    figured_type.subscription_id,
    figured_type.event_type
FROM unnest(:organisation_ids::uuid[], :subscription_ids::uuid[], :event_types::text[])
AS wanted (organisation_id, subscription_id, event_type)
INNER JOIN webhooks.figured_type
    ON figured_type.organisation_id = wanted.organisation_id
    AND figured_type.subscription_id = wanted.subscription_id
    AND figured_type.event_type = wanted.event_type;
