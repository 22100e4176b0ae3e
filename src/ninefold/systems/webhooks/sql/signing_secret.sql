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
