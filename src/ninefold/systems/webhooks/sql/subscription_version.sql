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

-- name: subscription_version_list
-- Read the versions of some organisations' subscriptions; those that never had any are missing.
SELECT
    organisation_id,
    version
FROM webhooks.subscription_version
WHERE organisation_id = ANY(:organisation_ids::uuid[]);
