-- name: recipient_list
-- Read an organisation's subscriptions with their active secrets, and the version of the whole.
-- One statement reads both, so they belong together. Without any subscription, it returns one row with the version.
SELECT
    subscription_version.version,
    subscription.subscription_id,
    subscription.url,
    subscription.url_revision,
    subscription.event_types,
    subscription.created_at,
    subscription.paused_at IS NOT NULL AS is_paused,
    subscription.rate_limit_per_s,
    subscription.in_flight_max,
    subscription.retry_delays_s,
    subscription.resumed_at,
    subscription.ordering,
    array_agg(signing_secret.signing_secret_id ORDER BY signing_secret.signing_secret_id DESC) AS secret_ids,
    array_agg(signing_secret.sealed ORDER BY signing_secret.signing_secret_id DESC) AS sealed_secrets,
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
