-- name: signing_secret_count_active$
-- Count the active secrets of a subscription.
SELECT count(*)
FROM webhooks.signing_secret
WHERE subscription_id = :subscription_id
    AND (expires_at IS NULL OR expires_at > now());

-- name: signing_secret_delete_expired!
-- Delete the expired secrets of a subscription.
DELETE FROM webhooks.signing_secret
WHERE subscription_id = :subscription_id
    AND expires_at <= now();

-- name: signing_secret_expire_all!
-- Let every secret of a subscription expire at the end of the grace period, unless it expires earlier.
UPDATE webhooks.signing_secret
SET expires_at = least(expires_at, now() + :grace)
WHERE subscription_id = :subscription_id;

-- name: signing_secret_insert!
-- Insert a subscription's new current secret.
INSERT INTO webhooks.signing_secret (
    signing_secret_id,
    subscription_id,
    sealed
)
VALUES (
    :signing_secret_id,
    :subscription_id,
    :sealed
);

-- name: signing_secret_replace!
-- Replace a secret that can't be read any more.
UPDATE webhooks.signing_secret
SET sealed = :sealed
WHERE signing_secret_id = :signing_secret_id;
