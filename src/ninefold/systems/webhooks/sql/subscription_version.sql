-- name: subscription_version_bump!
-- Tell every cache that an organisation's subscriptions have changed; also serialises such changes.
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
-- Read the version of an organisation's subscriptions; none means that it never had any.
SELECT version
FROM webhooks.subscription_version
WHERE organisation_id = :organisation_id;
