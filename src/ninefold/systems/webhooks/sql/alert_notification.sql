-- name: alert_notification_count_unsent$
-- Count the alerts of a message that weren't sent yet.
SELECT count(*)
FROM webhooks.alert_notification
WHERE alert_id = ANY(:alert_ids::uuid[])
    AND change = :change
    AND channel = :channel
    AND sent_at IS NULL;

-- name: alert_notification_insert_many!
-- Note that these alerts are to be sent over each of these channels.
INSERT INTO webhooks.alert_notification (alert_id, change, channel)
SELECT
    alert_id,
    :change,
    channel
FROM unnest(:alert_ids::uuid[]) AS alert (alert_id)
CROSS JOIN unnest(:channels::text[]) AS wanted (channel);

-- name: alert_notification_list
-- Read what was sent of these alerts.
SELECT
    alert_id,
    change,
    channel,
    attempt_count,
    sent_at,
    error,
    is_final
FROM webhooks.alert_notification
WHERE alert_id = ANY(:alert_ids::uuid[])
ORDER BY
    alert_id,
    change,
    channel;

-- name: alert_notification_record!
-- Record an attempt to send a message about these alerts; without an error, it was sent.
UPDATE webhooks.alert_notification
SET
    attempt_count = attempt_count + 1,
    sent_at = CASE WHEN :error::text IS NULL THEN statement_timestamp() END,
    error = :error,
    is_final = :is_final
WHERE alert_id = ANY(:alert_ids::uuid[])
    AND change = :change
    AND channel = :channel;
