-- name: subscription_count$
-- Count the subscriptions of an organisation.
SELECT count(*)
FROM webhooks.subscription
WHERE organisation_id = :organisation_id
    AND deleted_at IS NULL;

-- name: subscription_delete$
-- Mark a subscription as deleted; returns no row when the organisation has none with this id.
UPDATE webhooks.subscription
SET
    deleted_at = now(),
    updated_at = now()
WHERE subscription_id = :subscription_id
    AND organisation_id = :organisation_id
    AND deleted_at IS NULL
RETURNING subscription_id;

-- name: subscription_find^
-- Read one subscription of an organisation.
SELECT
    subscription_id,
    organisation_id,
    url,
    event_types,
    description,
    created_at,
    updated_at
FROM webhooks.subscription
WHERE subscription_id = :subscription_id
    AND organisation_id = :organisation_id
    AND deleted_at IS NULL;

-- name: subscription_insert^
-- Insert a new subscription.
INSERT INTO webhooks.subscription (
    subscription_id,
    organisation_id,
    url,
    event_types,
    description
)
VALUES (
    :subscription_id,
    :organisation_id,
    :url,
    :event_types,
    :description
)
RETURNING
    subscription_id,
    organisation_id,
    url,
    event_types,
    description,
    created_at,
    updated_at;

-- name: subscription_list
-- Read a page of an organisation's subscriptions, newest first.
SELECT
    subscription_id,
    organisation_id,
    url,
    event_types,
    description,
    created_at,
    updated_at
FROM webhooks.subscription
WHERE organisation_id = :organisation_id
    AND deleted_at IS NULL
    AND (:before::uuid IS NULL OR subscription_id < :before)
ORDER BY subscription_id DESC
LIMIT :limit;

-- name: subscription_lock
-- Keep these subscriptions from being deleted until the transaction ends; return whether each is deleted already.
-- A deletion that isn't committed yet is waited for.
SELECT
    subscription_id,
    deleted_at IS NOT NULL AS is_deleted
FROM webhooks.subscription
WHERE subscription_id = ANY(:subscription_ids::uuid[])
ORDER BY subscription_id
FOR SHARE;

-- name: subscription_update^
-- Change the given fields of a subscription; returns no row when the organisation has none with this id.
UPDATE webhooks.subscription
SET
    url = coalesce(:url, url),
    url_revision = CASE WHEN :url <> url THEN url_revision + 1 ELSE url_revision END,
    event_types = coalesce(:event_types, event_types),
    description = coalesce(:description, description),
    updated_at = now()
WHERE subscription_id = :subscription_id
    AND organisation_id = :organisation_id
    AND deleted_at IS NULL
RETURNING
    subscription_id,
    organisation_id,
    url,
    event_types,
    description,
    created_at,
    updated_at;
