-- name: signing_secret_count_active$
-- Count the secrets that sign a subscription's deliveries now.
SELECT count(*)
FROM webhooks.signing_secret
WHERE subscription_id = :subscription_id
    AND (expires_at IS NULL OR expires_at > now());

-- name: signing_secret_delete_expired!
-- Remove the secrets of a subscription that sign no more.
DELETE FROM webhooks.signing_secret
WHERE subscription_id = :subscription_id
    AND expires_at <= now();

-- name: signing_secret_expire_all!
-- Let every secret of a subscription end after the grace at the latest.
UPDATE webhooks.signing_secret
SET expires_at = least(expires_at, now() + :grace)
WHERE subscription_id = :subscription_id;

-- name: signing_secret_insert!
-- Write a subscription's new current secret.
INSERT INTO webhooks.signing_secret (
    signing_secret_id,
    subscription_id,
    key
)
VALUES (
    :signing_secret_id,
    :subscription_id,
    :key
);

-- name: recipient_list
-- Read an organisation's subscriptions with the secrets that sign for them, and the version that this is.
-- One statement, so that both are of one moment; subscriptions without a match leave one row with the version alone.
SELECT
    subscription_version.version,
    subscription.subscription_id,
    subscription.url,
    subscription.event_types,
    subscription.created_at,
    array_agg(signing_secret.key ORDER BY signing_secret.signing_secret_id DESC) AS keys,
    array_agg(signing_secret.expires_at ORDER BY signing_secret.signing_secret_id DESC) AS expiries
FROM webhooks.subscription_version
LEFT JOIN webhooks.subscription
    ON subscription.organisation_id = subscription_version.organisation_id
    AND subscription.deleted_at IS NULL
LEFT JOIN webhooks.signing_secret
    ON signing_secret.subscription_id = subscription.subscription_id
    AND (signing_secret.expires_at IS NULL OR signing_secret.expires_at > now())
WHERE subscription_version.organisation_id = :organisation_id
GROUP BY
    subscription_version.version,
    subscription.subscription_id
ORDER BY subscription.subscription_id;
