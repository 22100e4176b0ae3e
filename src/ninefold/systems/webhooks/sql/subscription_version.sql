-- name: subscription_version_bump!
-- Invalidate every cache of an organisation's subscriptions. The row lock also serialises changes to them.
INSERT INTO webhooks.subscription_version (
    organisation_id,
    version
)
VALUES (
    :organisation_id,
    1
)
ON CONFLICT (organisation_id) DO UPDATE
SET version = subscription_version.version + 1;

-- name: subscription_version_find$
-- Read the version of an organisation's subscriptions; returns no row when it never had any.
SELECT version
FROM webhooks.subscription_version
WHERE organisation_id = :organisation_id;

-- name: subscription_version_list
-- Read the versions of some organisations' subscriptions.
SELECT
    organisation_id,
    version
FROM webhooks.subscription_version
WHERE organisation_id = ANY(:organisation_ids::uuid[]);
