-- name: alert_delete_resolved$
-- Delete some alerts that were resolved before a time; return how many.
WITH deleted AS (
    DELETE FROM webhooks.alert
    WHERE alert_id IN (
        SELECT alert_id
        FROM webhooks.alert
        WHERE state = 'resolved'
            AND resolved_at < :before
        ORDER BY resolved_at
        LIMIT :limit
    )
    RETURNING 1
)

SELECT count(*)
FROM deleted;

-- name: alert_find_many
-- Read alerts by their ids, oldest first.
SELECT
    alert_id,
    organisation_id,
    kind,
    is_installation_wide,
    subscription_id,
    state,
    title,
    detail,
    value,
    threshold,
    fired_at,
    resolved_at
FROM webhooks.alert
WHERE alert_id = ANY(:alert_ids::uuid[])
ORDER BY alert_id;

-- name: alert_insert_many!
-- Insert alerts that fire now.
INSERT INTO webhooks.alert (
    alert_id,
    organisation_id,
    kind,
    is_installation_wide,
    subscription_id,
    state,
    title,
    detail,
    value,
    threshold,
    fired_at
)
SELECT
    fired.alert_id,
    fired.organisation_id,
    fired.kind,
    fired.is_installation_wide,
    fired.subscription_id,
    'firing',
    fired.title,
    fired.detail,
    fired.value,
    fired.threshold,
    fired.fired_at
FROM json_to_recordset(:alerts::json) AS fired (
    alert_id uuid,
    organisation_id uuid,
    kind text,
    is_installation_wide boolean,
    subscription_id uuid,
    title text,
    detail text,
    value double precision,
    threshold double precision,
    fired_at timestamptz
);

-- name: alert_list
-- Read alerts of an organisation, newest first.
SELECT
    alert_id,
    organisation_id,
    kind,
    is_installation_wide,
    subscription_id,
    state,
    title,
    detail,
    value,
    threshold,
    fired_at,
    resolved_at
FROM webhooks.alert
WHERE organisation_id = :organisation_id
    AND (:state::text IS NULL OR state = :state)
    AND (:kinds::text[] IS NULL OR kind = ANY(:kinds))
    AND (:subscription_id::uuid IS NULL OR subscription_id = :subscription_id)
    AND (:before::uuid IS NULL OR alert_id < :before)
ORDER BY alert_id DESC
LIMIT :limit;

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

-- name: alert_list_every_dead_letter
-- Count the dead letters of all organisations since a time, by subscription.
-- Only the latest ones of each organisation are counted, and none of alerts: otherwise an alert that can't be delivered
-- would cause another one.
-- Each step of the recursive CTE finds the next organisation with dead letters by one index lookup.
WITH RECURSIVE organisation AS (
    (
        SELECT organisation_id
        FROM webhooks.delivery
        WHERE status = 'failed'
        ORDER BY organisation_id
        LIMIT 1
    )
    UNION ALL
    SELECT next_organisation.organisation_id
    FROM organisation
    CROSS JOIN LATERAL (
        SELECT delivery.organisation_id
        FROM webhooks.delivery
        WHERE delivery.status = 'failed'
            AND delivery.organisation_id > organisation.organisation_id
        ORDER BY delivery.organisation_id
        LIMIT 1
    ) AS next_organisation
)

SELECT
    subscription.organisation_id,
    subscription.subscription_id,
    subscription.description,
    subscription.url,
    count(*) AS count,
    min(letter.finished_at) AS since
FROM organisation
CROSS JOIN LATERAL (
    SELECT
        delivery.subscription_id,
        delivery.event_id,
        delivery.finished_at
    FROM webhooks.delivery
    WHERE delivery.organisation_id = organisation.organisation_id
        AND delivery.status = 'failed'
        AND delivery.finished_at >= :since
    ORDER BY
        delivery.finished_at DESC,
        delivery.delivery_id DESC
    LIMIT :letters_max
) AS letter
LEFT JOIN webhooks.event ON event.event_id = letter.event_id
INNER JOIN webhooks.subscription ON subscription.subscription_id = letter.subscription_id
WHERE coalesce(event.event_type, '') <> ALL(:excluded_event_types::text[])
    AND subscription.deleted_at IS NULL
GROUP BY subscription.subscription_id
ORDER BY subscription.subscription_id;

-- name: alert_list_every_open_circuit
-- Read the open circuits of all organisations, except those of paused subscriptions.
SELECT
    subscription.organisation_id,
    subscription.subscription_id,
    subscription.description,
    subscription.url,
    circuit.consecutive_failures
FROM webhooks.circuit
INNER JOIN webhooks.subscription ON subscription.subscription_id = circuit.subscription_id
WHERE circuit.opened_at IS NOT NULL
    AND subscription.deleted_at IS NULL
    AND subscription.paused_at IS NULL
ORDER BY subscription.subscription_id
LIMIT :limit;

-- name: alert_list_firing
-- Read what is firing, in all organisations.
SELECT
    alert_id,
    organisation_id,
    kind,
    is_installation_wide,
    subscription_id,
    clear_since
FROM webhooks.alert
WHERE state = 'firing';

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

-- name: alert_resolve
-- Resolve firing alerts; return them.
UPDATE webhooks.alert
SET
    state = 'resolved',
    clear_since = NULL,
    resolved_at = :resolved_at
WHERE alert_id = ANY(:alert_ids::uuid[])
    AND state = 'firing'
RETURNING
    alert_id,
    organisation_id,
    kind,
    is_installation_wide,
    subscription_id,
    state,
    title,
    detail,
    value,
    threshold,
    fired_at,
    resolved_at;

-- name: alert_set_clear_since!
-- Set since when the conditions of firing alerts are no longer met; empty if they are met again.
UPDATE webhooks.alert
SET clear_since = changed.clear_since
FROM unnest(:alert_ids::uuid[], :clear_since::timestamptz[]) AS changed (alert_id, clear_since)
WHERE alert.alert_id = changed.alert_id
    AND alert.state = 'firing';
