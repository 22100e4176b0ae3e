-- name: organisation_retention_find$
-- Read the retention of an organisation; returns no row if it has chosen none.
SELECT retention
FROM webhooks.organisation_retention
WHERE organisation_id = :organisation_id;

-- name: organisation_retention_set!
-- Set the retention of what an organisation publishes from now on.
INSERT INTO webhooks.organisation_retention (
    organisation_id,
    retention
)
VALUES (
    :organisation_id,
    :retention
)
ON CONFLICT (organisation_id) DO UPDATE
SET retention = excluded.retention;
