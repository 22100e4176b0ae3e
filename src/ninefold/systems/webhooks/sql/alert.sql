-- name: alert_list_dead_letters
-- Count the dead letters of an organisation since a time, by subscription; those with the most first.
-- Only the latest ones are counted.
SELECT
    letter.subscription_id,
    subscription.description,
    subscription.url,
    count(*) AS count,
    min(letter.finished_at) AS since
FROM (
    SELECT
        subscription_id,
        finished_at
    FROM webhooks.delivery
    WHERE organisation_id = :organisation_id
        AND status = 'failed'
        AND finished_at >= :since
    ORDER BY
        finished_at DESC,
        delivery_id DESC
    LIMIT :letters_max
) AS letter
INNER JOIN webhooks.subscription ON subscription.subscription_id = letter.subscription_id
GROUP BY
    letter.subscription_id,
    subscription.description,
    subscription.url
ORDER BY
    count(*) DESC,
    letter.subscription_id
LIMIT :limit;

-- name: alert_list_subscriptions
-- Read the subscriptions of an organisation that are failing, or were paused because of their receiver.
-- Paused ones come first, then open circuits, then those that fail; of each kind those that have failed longest.
SELECT
    subscription.subscription_id,
    subscription.description,
    subscription.url,
    subscription.paused_at,
    subscription.pause_reason,
    circuit.consecutive_failures,
    circuit.failing_since,
    circuit.opened_at,
    circuit.retry_at
FROM webhooks.subscription
LEFT JOIN webhooks.circuit ON circuit.subscription_id = subscription.subscription_id
WHERE subscription.organisation_id = :organisation_id
    AND subscription.deleted_at IS NULL
    AND (
        subscription.pause_reason IN ('gone', 'failing')
        OR (subscription.paused_at IS NULL AND circuit.failing_since IS NOT NULL)
    )
ORDER BY
    subscription.paused_at IS NULL,
    circuit.opened_at IS NULL,
    circuit.failing_since,
    subscription.subscription_id
LIMIT :limit;
