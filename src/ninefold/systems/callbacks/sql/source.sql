-- name: source_count$
-- Count the sources of an organisation.
SELECT count(*)
FROM callbacks.source
WHERE organisation_id = :organisation_id
    AND deleted_at IS NULL;

-- name: source_delete$
-- Mark a source as deleted; returns no row when the organisation has none with this id.
UPDATE callbacks.source
SET
    deleted_at = now(),
    updated_at = now(),
    version = version + 1
WHERE source_id = :source_id
    AND organisation_id = :organisation_id
    AND deleted_at IS NULL
RETURNING source_id;

-- name: source_delete_unused!
-- Delete sources that were marked as deleted and have no callbacks any more, with their secrets.
DELETE FROM callbacks.source
WHERE deleted_at < :before
    AND NOT EXISTS (
        SELECT FROM callbacks.callback
        WHERE callback.source_id = source.source_id
    );

-- name: source_find^
-- Read one source of an organisation.
SELECT *
FROM callbacks.source
WHERE source_id = :source_id
    AND organisation_id = :organisation_id
    AND deleted_at IS NULL;

-- name: source_find_by_token^
-- Read the source with a token.
SELECT *
FROM callbacks.source
WHERE token = :token
    AND deleted_at IS NULL;

-- name: source_find_many
-- Read sources, including deleted ones: what they have received is still verified.
SELECT *
FROM callbacks.source
WHERE source_id = ANY(:source_ids::uuid[]);

-- name: source_forget_configurations!
-- Remove secrets and options that can't be read any more.
UPDATE callbacks.source
SET
    sealed = NULL,
    version = version + 1
WHERE source_id = ANY(:source_ids::uuid[]);

-- name: source_forwards_with$
-- Return whether a source forwards with a subscription.
SELECT EXISTS (
    SELECT
    FROM callbacks.source
    WHERE organisation_id = :organisation_id
        AND forward_subscription_id = :subscription_id
        AND deleted_at IS NULL
);

-- name: source_insert^
-- Insert a new source.
INSERT INTO callbacks.source (
    source_id,
    organisation_id,
    provider,
    name,
    token,
    sealed,
    answer_status,
    answer_content_type,
    answer_body,
    forward_url,
    forward_subscription_id
)
VALUES (
    :source_id,
    :organisation_id,
    :provider,
    :name,
    :token,
    :sealed,
    :answer_status,
    :answer_content_type,
    :answer_body,
    :forward_url,
    :forward_subscription_id
)
RETURNING *;

-- name: source_list
-- Read a page of an organisation's sources, newest first.
SELECT *
FROM callbacks.source
WHERE organisation_id = :organisation_id
    AND deleted_at IS NULL
    AND (:before::uuid IS NULL OR source_id < :before)
ORDER BY source_id DESC
LIMIT :limit;

-- name: source_lock^
-- Read one source of an organisation, and keep others from changing it until the transaction ends.
SELECT *
FROM callbacks.source
WHERE source_id = :source_id
    AND organisation_id = :organisation_id
    AND deleted_at IS NULL
FOR UPDATE;

-- name: source_lock_organisation$
-- Make concurrent creations of sources of an organisation wait for each other, so that their count is correct.
SELECT pg_advisory_xact_lock(hashtextextended('callbacks.source:' || :organisation_id::uuid::text, 0));

-- name: source_update^
-- Change a source; returns no row when the organisation has none with this id.
UPDATE callbacks.source
SET
    name = :name,
    sealed = :sealed,
    answer_status = :answer_status,
    answer_content_type = :answer_content_type,
    answer_body = :answer_body,
    forward_url = :forward_url,
    forward_subscription_id = :forward_subscription_id,
    updated_at = now(),
    version = version + 1
WHERE source_id = :source_id
    AND organisation_id = :organisation_id
    AND deleted_at IS NULL
RETURNING *;
