-- name: subscription_url_keep!
-- Keep the current URL of a subscription, so that its attempts can refer to it.
INSERT INTO webhooks.subscription_url (
    subscription_id,
    url_revision,
    url
)
SELECT
    subscription_id,
    url_revision,
    url
FROM webhooks.subscription
WHERE subscription_id = :subscription_id
ON CONFLICT (subscription_id, url_revision) DO NOTHING;
